import Glibc

/// An empty cluster made once by `initdb` and copied for every server: 0.1 s in place of 0.7 s.
///
/// It lies in a cache folder of the account it belongs to, named by version and by how it is made, and appears there
/// whole or not at all, also when several test runs make it at once. The same goes for its copies.
struct PostgresTemplate {
    let installation: PostgresInstallation
    private let cache: String

    /// Raised when the arguments of `initdb` change, so that an older template is not taken for the new one.
    private static let edition = 2

    /// - Parameter cache: Where templates lie; nil for the folder of the account under /tmp.
    init(installation: PostgresInstallation, cache: String? = nil) {
        self.installation = installation
        self.cache = cache ?? "/tmp/skald-cache-\(installation.account.uid)"
    }

    /// Puts a fresh cluster at `path`, where nothing but an empty folder may be.
    ///
    /// - Parameter isDurable: Whether it is on disk before it is there, for one that outlives a power cut.
    func copy(to path: String, isDurable: Bool) throws {
        let template = try find()
        let draft = path + ".new"
        // What an earlier copy left that found no space or no time.
        try removeFolder(draft)
        do {
            try run(["cp", "-R", "--preserve=mode", "--reflink=auto", template, draft])
            if isDurable { try run([installation.program("initdb"), "--sync-only", "--pgdata=\(draft)"]) }
            try move(draft, to: path)
        } catch {
            try removeFolder(draft)
            throw error
        }
    }

    private func find() throws -> String {
        // Held while this looks and makes: two runs at once make one template, and nobody removes what another one made.
        let folder = try lockedCache()
        defer { withExtendedLifetime(folder) {} }
        let template = "\(cache)/postgres-\(try installation.version())-\(Self.edition)"
        if access("\(template)/PG_VERSION", F_OK) == 0 { return template }
        let draft = "\(template).\(ServerFolder.randomName())"
        do {
            try initialise(draft)
            try removeFolder(template)
            try move(draft, to: template)
        } catch {
            try removeFolder(draft)
            throw error
        }
        return template
    }

    private func move(_ draft: String, to path: String) throws {
        guard rename(draft, path) == 0 else {
            throw LocalServerError.system("rename \(draft) to \(path)", subject: "Postgres template")
        }
    }

    private func run(_ arguments: [String]) throws {
        _ = try Command(installation.account.prefix + arguments, limit: .seconds(120)).output()
    }

    private func initialise(_ path: String) throws {
        try run([
            installation.program("initdb"), "--pgdata=\(path)", "--username=postgres", "--auth=trust",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
        ])
    }

    /// A folder under /tmp that belongs to the account and that nobody else can write to.
    private func lockedCache() throws -> Descriptor {
        let account = installation.account
        let path = cache
        if mkdir(path, 0o700) == 0 {
            guard chown(path, account.uid, account.gid) == 0 else {
                throw LocalServerError.system("chown \(path)", subject: "Postgres template")
            }
        }
        var facts = stat()
        guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == account.uid,
            facts.st_mode & 0o022 == 0
        else {
            throw LocalServerError(
                .system, subject: "Postgres template", problem: "\(path) is not a folder of user \(account.uid) alone",
                remedy: "look who made it, then remove it")
        }
        let folder = Descriptor(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard folder.number >= 0, flock(folder.number, LOCK_EX) == 0 else {
            throw LocalServerError.system("flock \(path)", subject: "Postgres template")
        }
        return folder
    }

    private func removeFolder(_ path: String) throws { _ = try Command(["rm", "-rf", "--", path]).output() }
}
