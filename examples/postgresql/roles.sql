-- One environment of Gatepass on PostgreSQL 15 or newer: a database, a role that owns and changes
-- its tables, a role that serves, and a schema that no other program uses. No superuser is needed
-- to run this, only CREATEDB and CREATEROLE:
--
--   psql --file roles.sql --set name=gatepass_live postgres
--
-- The roles have no passwords yet: give them some with psql's \password.
\set ON_ERROR_STOP on
\set owner :name _owner

CREATE ROLE :"owner" LOGIN;
CREATE ROLE :"name" LOGIN;
GRANT :"owner" TO CURRENT_USER;
CREATE DATABASE :"name" OWNER :"owner" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";

-- set for the roles, so that it holds behind a pooler, too
ALTER ROLE :"owner" IN DATABASE :"name" SET search_path = gatepass;
ALTER ROLE :"name" IN DATABASE :"name" SET search_path = gatepass;

\connect :"name"
SET ROLE :"owner";
CREATE SCHEMA gatepass;
GRANT USAGE ON SCHEMA gatepass TO :"name";

-- for the tables that `gatepass migrate` makes as the owner, now and in later versions
ALTER DEFAULT PRIVILEGES IN SCHEMA gatepass
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"name";
ALTER DEFAULT PRIVILEGES IN SCHEMA gatepass
  GRANT USAGE ON SEQUENCES TO :"name";
