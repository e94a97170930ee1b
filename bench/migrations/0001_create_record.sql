CREATE TABLE record (
  id {id} PRIMARY KEY,
  body {text} NOT NULL,
  written_at {time} NOT NULL
);
