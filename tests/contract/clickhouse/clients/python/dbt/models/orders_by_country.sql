{{ config(materialized='incremental', incremental_strategy='delete_insert', unique_key='id', order_by='id') }}
SELECT orders.id AS id, countries.name AS country, orders.value AS value
FROM {{ ref('orders') }} AS orders
JOIN {{ ref('countries') }} AS countries ON countries.code = orders.country
{% if is_incremental() %}
WHERE orders.id >= (SELECT max(id) FROM {{ this }})
{% endif %}
