import Glibc

/// The folder that holds all a server writes, readable by its account alone.
struct ServerFolder: Sendable {
    let path: String
    let account: Account

    /// Makes an empty folder with a random name, under the system's temporary folder unless said otherwise.
    ///
    /// The watchdog hears of it first, so that there is no moment at which a killed owner could leave it behind.
    static func temporary(
        _ kind: String, for account: Account, under parent: String? = nil, removedBy watchdog: Watchdog
    ) throws -> ServerFolder {
        let parent = parent ?? temporaryParent(for: account)
        let folder = ServerFolder(path: "\(parent)/skald-\(kind)-\(randomName())", account: account)
        _ = watchdog.remove(folder.path)
        guard mkdir(folder.path, 0o700) == 0 else {
            let error = LocalServerError.system("mkdir \(folder.path)", subject: "server folder")
            _ = watchdog.keep(folder.path)
            throw error
        }
        try folder.give(folder.path)
        return folder
    }

    /// Uses the folder at `path`, made if it is not there.
    ///
    /// - Throws: where it belongs to somebody else than the account. It stays theirs: a server that was once started as root
    ///   by mistake must not take the data of a user away.
    static func kept(at path: String, for account: Account) throws -> ServerFolder {
        let folder = ServerFolder(path: path, account: account)
        if mkdir(path, 0o700) == 0 {
            try folder.give(path)
        } else if errno != EEXIST {
            throw LocalServerError.system("mkdir \(path)", subject: "server folder")
        }
        try folder.checkOwner()
        let look = try Command(account.prefix + ["test", "-w", path]).run()
        guard look.exit == 0 else {
            throw LocalServerError(
                .system, subject: "server folder",
                problem: "user \(Account.name(of: account.uid)) cannot reach or write \(path)",
                remedy: "choose a folder below one that everybody may enter, or do not run as root")
        }
        return folder
    }

    private func checkOwner() throws {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            throw LocalServerError.system("stat \(path)", subject: "server folder")
        }
        if facts.st_uid == account.uid { return }
        // Made a moment before its maker was killed.
        if facts.st_uid == geteuid(), namesInFolder(path).isEmpty { return try give(path) }
        let (owner, user) = (Account.name(of: facts.st_uid), Account.name(of: account.uid))
        throw LocalServerError(
            .system, subject: "server folder",
            problem: "\(path) belongs to user \(owner), and the server would run as \(user)",
            remedy: "run this as the user who made it, or choose another folder")
    }

    /// Eight random characters, enough to tell the servers of one machine apart.
    static func randomName() -> String {
        let number = UInt64.random(in: 0..<(1 << 40))
        let text = String(number, radix: 32)
        return String(repeating: "0", count: 8 - text.count) + text
    }

    /// TMPDIR, unless the server runs as somebody who may not be let in there.
    private static func temporaryParent(for account: Account) -> String {
        guard !account.isSomebodyElse, let chosen = getenv("TMPDIR") else { return "/tmp" }
        let path = String(cString: chosen)
        return path.hasPrefix("/") ? path : "/tmp"
    }

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder inside, owned by the account.
    func makeFolder(_ name: String) throws {
        let path = path(of: name)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw LocalServerError.system("mkdir \(path)", subject: "server folder")
        }
        try give(path)
    }

    /// Writes a file inside, owned by the account, in one go or not at all.
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        let path = path(of: name)
        let draft = path + ".new"
        unlink(draft)
        let number = creat(draft, mode)
        guard number >= 0 else { throw LocalServerError.system("creat \(draft)", subject: "server folder") }
        let file = Descriptor(number)
        let bytes = Array(text.utf8)
        guard Glibc.write(file.number, bytes, bytes.count) == bytes.count else {
            throw LocalServerError.system("write \(draft)", subject: "server folder")
        }
        try give(draft)
        guard rename(draft, path) == 0 else {
            throw LocalServerError.system("rename \(draft)", subject: "server folder")
        }
    }

    /// The text of a small file inside, or nil when it is not there.
    func read(_ name: String) -> String? { readFile(path(of: name)) }

    private func give(_ path: String) throws {
        guard account.isSomebodyElse else { return }
        guard chown(path, account.uid, account.gid) == 0 else {
            throw LocalServerError.system("chown \(path)", subject: "server folder")
        }
    }
}

/// A password nobody can guess, of digits and small letters.
func randomSecret() -> String {
    String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
}

/// What lies in a folder, in no order; nothing when it cannot be read.
func namesInFolder(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// The text of a file of at most a few megabytes, or nil when it cannot be read.
func readFile(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        bytes += chunk[0..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
