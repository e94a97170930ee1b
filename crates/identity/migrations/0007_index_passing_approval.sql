-- What the sweep looks for, so that it does not read every signature each time.
CREATE INDEX approval_passing ON approval (created) WHERE purpose <> 'sign' OR consumed IS NULL;
