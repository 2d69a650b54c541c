-- What events say of the recommendation that they follow and of a product's visibility, since ShopEvent has fields for it.
ALTER TABLE events ADD COLUMN IF NOT EXISTS recommendation_source LowCardinality(String) AFTER model_version;
ALTER TABLE events ADD COLUMN IF NOT EXISTS experiment_arm LowCardinality(String) AFTER recommendation_source;
ALTER TABLE events ADD COLUMN IF NOT EXISTS visibility LowCardinality(String) AFTER experiment_arm;
