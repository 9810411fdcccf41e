#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The variables from which libpq takes whatever its caller leaves open (libpq manual, section 34.15).
///
/// A shell has them for another server: with `PGSERVICE` or `PGHOSTADDR` they would decide where roles are made and services
/// work, and with `PGSSLMODE` whether a private server can be reached. Which database is meant says `DATABASE_URL` alone. What
/// proves who asks (`PGPASSWORD`, `PGPASSFILE`, `PGSSLCERT`, `PGSSLKEY` and the like) stays: it steers nothing.
enum LibpqVariables {
    /// Takes them from this process and all that it starts. To be called while it has one thread.
    static func forget() {
        for name in names(in: wholeEnvironment()) { unsetenv(name) }
    }

    static func names(in environment: [String: String]) -> [String] { steering.filter { environment[$0] != nil } }

    private static let steering = [
        "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR",
        "PGOPTIONS", "PGAPPNAME", "PGSSLMODE", "PGREQUIRESSL", "PGSSLNEGOTIATION", "PGGSSENCMODE", "PGCHANNELBINDING",
        "PGREQUIREAUTH", "PGREQUIREPEER", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGCONNECT_TIMEOUT",
        "PGCLIENTENCODING", "PGDATESTYLE", "PGTZ", "PGGEQO",
    ]
}
