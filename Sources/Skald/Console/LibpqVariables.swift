#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The variables from which libpq takes whatever its caller leaves open (libpq manual, section 34.15).
///
/// A shell has them for another server: with `PGSERVICE` or `PGHOSTADDR` they would decide where roles are made and services
/// work, and with `PGSSLMODE` whether a private server can be reached. Which database is meant says `DATABASE_URL` alone.
enum LibpqVariables {
    /// Takes them from this process and all that it starts. To be called while it has one thread.
    static func forget() {
        for name in names(in: wholeEnvironment()) { unsetenv(name) }
    }

    /// All of its variables begin like this, and none that Skald itself reads does.
    static func names(in environment: [String: String]) -> [String] {
        environment.keys.filter { $0.hasPrefix("PG") }
    }
}
