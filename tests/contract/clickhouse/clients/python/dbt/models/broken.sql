{{ config(materialized='table', enabled=var('broken', false)) }}
SELECT * FROM nowhere
