-- Inputs in object stores: their source is a URL such as s3://bucket/key, with this entity tag.
ALTER TABLE attempts ADD COLUMN etag TEXT;
