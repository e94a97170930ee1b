-- How a payment is counted: the usage event that the owner of the demand gave, without its payer.
ALTER TABLE demand ADD COLUMN usage {json};
