import Glibc

/// Debian's Postgres of the highest version installed.
struct PostgresInstallation: Sendable {
    /// Who the server runs as.
    let account: Account
    /// Where `postgres`, `initdb` and `psql` lie; the package leaves most of them off the PATH.
    let programs: String

    private static let versions = "/usr/lib/postgresql"

    /// Finds the installation, or says what to install.
    static func find() throws -> PostgresInstallation {
        let installed = namesInFolder(versions).compactMap(Int.init).sorted(by: >)
        guard let version = installed.first(where: { access("\(versions)/\($0)/bin/postgres", X_OK) == 0 }) else {
            throw missing("there is no \(versions)/<version>/bin/postgres")
        }
        guard let account = Account.server(packageUser: "postgres") else {
            throw missing("root may not run Postgres, and the user `postgres` of its package is not there")
        }
        return PostgresInstallation(account: account, programs: "\(versions)/\(version)/bin")
    }

    func program(_ name: String) -> String { "\(programs)/\(name)" }

    /// For instance `15.20`.
    func version() throws -> String {
        let words = try Command([program("postgres"), "--version"]).output().split(whereSeparator: \.isWhitespace)
        guard let version = words.first(where: { $0.first?.isNumber == true }) else {
            throw LocalServerError.postgres(.commandFailed, "`postgres --version` named no version")
        }
        return String(version)
    }

    private static func missing(_ problem: String) -> LocalServerError {
        LocalServerError(
            .missingProgram, subject: "Postgres cluster", problem: problem,
            remedy: "run `make deps`, or install the Debian package postgresql")
    }
}

extension LocalServerError {
    static func postgres(_ code: Code, _ problem: String) -> LocalServerError {
        LocalServerError(
            code, subject: "Postgres cluster", problem: problem,
            remedy: "see whether the Debian package postgresql is whole")
    }
}
