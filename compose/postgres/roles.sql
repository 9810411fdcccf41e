\set ON_ERROR_STOP on
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'accounting_owner') THEN CREATE ROLE "accounting_owner"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'accounting_owner' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "accounting_owner" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "accounting_owner" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'accounting_owner_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'accounting') THEN CREATE ROLE "accounting"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'accounting' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "accounting" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "accounting" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'accounting_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'consumer_owner') THEN CREATE ROLE "consumer_owner"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'consumer_owner' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "consumer_owner" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "consumer_owner" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'consumer_owner_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'consumer') THEN CREATE ROLE "consumer"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'consumer' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "consumer" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "consumer" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'consumer_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kitchen_owner') THEN CREATE ROLE "kitchen_owner"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kitchen_owner' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "kitchen_owner" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "kitchen_owner" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'kitchen_owner_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kitchen') THEN CREATE ROLE "kitchen"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kitchen' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "kitchen" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "kitchen" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'kitchen_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'order_owner') THEN CREATE ROLE "order_owner"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'order_owner' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "order_owner" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "order_owner" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'order_owner_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'order') THEN CREATE ROLE "order"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'order' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "order" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "order" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'order_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orchestrator_owner') THEN CREATE ROLE "orchestrator_owner"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'orchestrator_owner' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "orchestrator_owner" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "orchestrator_owner" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'orchestrator_owner_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orchestrator') THEN CREATE ROLE "orchestrator"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'orchestrator' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "orchestrator" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "orchestrator" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'orchestrator_password';
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'skald_reader') THEN CREATE ROLE "skald_reader"; END IF;
    -- Only a superuser may name these two, also where nothing changes.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'skald_reader' AND (rolsuper OR rolreplication)) THEN
        ALTER ROLE "skald_reader" NOSUPERUSER NOREPLICATION;
    END IF;
END $$;
ALTER ROLE "skald_reader" LOGIN NOCREATEDB NOCREATEROLE PASSWORD :'skald_reader_password';
DO $$ BEGIN
    IF NOT pg_has_role('accounting_owner', 'USAGE') THEN
        GRANT "accounting_owner" TO CURRENT_USER;
    END IF;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role('consumer_owner', 'USAGE') THEN
        GRANT "consumer_owner" TO CURRENT_USER;
    END IF;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role('kitchen_owner', 'USAGE') THEN
        GRANT "kitchen_owner" TO CURRENT_USER;
    END IF;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role('order_owner', 'USAGE') THEN
        GRANT "order_owner" TO CURRENT_USER;
    END IF;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role('orchestrator_owner', 'USAGE') THEN
        GRANT "orchestrator_owner" TO CURRENT_USER;
    END IF;
END $$;
ALTER ROLE "accounting" SET lock_timeout = '5000ms';
ALTER ROLE "accounting" SET statement_timeout = '30000ms';
ALTER ROLE "accounting" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "consumer" SET lock_timeout = '5000ms';
ALTER ROLE "consumer" SET statement_timeout = '30000ms';
ALTER ROLE "consumer" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "kitchen" SET lock_timeout = '5000ms';
ALTER ROLE "kitchen" SET statement_timeout = '30000ms';
ALTER ROLE "kitchen" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "order" SET lock_timeout = '5000ms';
ALTER ROLE "order" SET statement_timeout = '30000ms';
ALTER ROLE "order" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "orchestrator" SET lock_timeout = '5000ms';
ALTER ROLE "orchestrator" SET statement_timeout = '30000ms';
ALTER ROLE "orchestrator" SET idle_in_transaction_session_timeout = '60000ms';
ALTER ROLE "skald_reader" SET default_transaction_read_only = on;
SELECT 'CREATE DATABASE "accounting" OWNER "accounting_owner"' WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'accounting') \gexec
SELECT 'CREATE DATABASE "consumer" OWNER "consumer_owner"' WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'consumer') \gexec
SELECT 'CREATE DATABASE "kitchen" OWNER "kitchen_owner"' WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'kitchen') \gexec
SELECT 'CREATE DATABASE "order" OWNER "order_owner"' WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'order') \gexec
SELECT 'CREATE DATABASE "orchestrator" OWNER "orchestrator_owner"' WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'orchestrator') \gexec
\connect "accounting"
REVOKE ALL ON DATABASE "accounting" FROM PUBLIC;
GRANT CONNECT ON DATABASE "accounting" TO "accounting_owner", "accounting", "skald_reader";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO "accounting_owner";
GRANT USAGE ON SCHEMA public TO "accounting", "skald_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "accounting_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "accounting_owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "accounting";
ALTER DEFAULT PRIVILEGES FOR ROLE "accounting_owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO "accounting";
ALTER DEFAULT PRIVILEGES FOR ROLE "accounting_owner" IN SCHEMA public GRANT SELECT ON TABLES TO "skald_reader";
\connect "consumer"
REVOKE ALL ON DATABASE "consumer" FROM PUBLIC;
GRANT CONNECT ON DATABASE "consumer" TO "consumer_owner", "consumer", "skald_reader";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO "consumer_owner";
GRANT USAGE ON SCHEMA public TO "consumer", "skald_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "consumer_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "consumer_owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "consumer";
ALTER DEFAULT PRIVILEGES FOR ROLE "consumer_owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO "consumer";
ALTER DEFAULT PRIVILEGES FOR ROLE "consumer_owner" IN SCHEMA public GRANT SELECT ON TABLES TO "skald_reader";
\connect "kitchen"
REVOKE ALL ON DATABASE "kitchen" FROM PUBLIC;
GRANT CONNECT ON DATABASE "kitchen" TO "kitchen_owner", "kitchen", "skald_reader";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO "kitchen_owner";
GRANT USAGE ON SCHEMA public TO "kitchen", "skald_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "kitchen_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "kitchen_owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "kitchen";
ALTER DEFAULT PRIVILEGES FOR ROLE "kitchen_owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO "kitchen";
ALTER DEFAULT PRIVILEGES FOR ROLE "kitchen_owner" IN SCHEMA public GRANT SELECT ON TABLES TO "skald_reader";
\connect "order"
REVOKE ALL ON DATABASE "order" FROM PUBLIC;
GRANT CONNECT ON DATABASE "order" TO "order_owner", "order", "skald_reader";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO "order_owner";
GRANT USAGE ON SCHEMA public TO "order", "skald_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "order_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "order_owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "order";
ALTER DEFAULT PRIVILEGES FOR ROLE "order_owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO "order";
ALTER DEFAULT PRIVILEGES FOR ROLE "order_owner" IN SCHEMA public GRANT SELECT ON TABLES TO "skald_reader";
\connect "orchestrator"
REVOKE ALL ON DATABASE "orchestrator" FROM PUBLIC;
GRANT CONNECT ON DATABASE "orchestrator" TO "orchestrator_owner", "orchestrator", "skald_reader";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO "orchestrator_owner";
GRANT USAGE ON SCHEMA public TO "orchestrator", "skald_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "orchestrator_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "orchestrator_owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "orchestrator";
ALTER DEFAULT PRIVILEGES FOR ROLE "orchestrator_owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO "orchestrator";
ALTER DEFAULT PRIVILEGES FOR ROLE "orchestrator_owner" IN SCHEMA public GRANT SELECT ON TABLES TO "skald_reader";
