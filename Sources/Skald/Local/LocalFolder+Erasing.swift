import LocalServers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension LocalFolder {
    /// Says that what lies here under Skald's names is Skald's.
    var markPath: String { "\(path)/skald-folder" }

    private static let markText = "Made by `skald up`. `skald down --erase` removes what Skald keeps in this folder.\n"

    /// What servers keep, which may lie elsewhere with a link here.
    private static let serverNames = ["broker", "postgres"]

    /// All that Skald ever writes here besides the mark and the lock, drafts included.
    private var entries: [String] {
        let files = [statePath, passwordsPath, controlPath]
        return Self.serverNames.map { "\(path)/\($0)" } + [logsPath] + files + files.map { $0 + ".part" }
    }

    /// Whether Skald made what lies here: there is the mark, or the state of a system from before there was one.
    private var isSkalds: Bool { Self.exists(markPath) || (try? SystemState.read(self)) ?? nil != nil }

    /// Marks the folder, unless it holds something under a name of Skald's that is not Skald's.
    func mark() throws(Failure) {
        // Looked for before the mark, which another start writes before anything else.
        let found = (entries + [lockPath]).first(where: Self.exists)
        if let found, !isSkalds {
            throw Failure(
                .unavailable, "\(found) is there, and not by Skald, which would write to it",
                remedy: "SKALD_HOME may name another folder, best one that is not there yet.")
        }
        try writeMark()
    }

    /// A folder that another user's systems run in stays theirs: files of ours in it would keep them out.
    func checkOwner() throws(Failure) {
        var facts = stat()
        guard lstat(markPath, &facts) == 0, facts.st_uid != geteuid() else { return }
        let (owner, user) = (Account.name(of: facts.st_uid), Account.name(of: geteuid()))
        throw Failure(
            .unavailable, "\(path) belongs to user \(owner), and this runs as \(user)",
            remedy: "Run it as \(owner), or in another folder: SKALD_HOME may name one.")
    }

    private func writeMark() throws(Failure) {
        let descriptor = open(markPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST { return }
            throw Failure(.unavailable, "cannot write \(markPath): \(String(cString: strerror(errno)))")
        }
        let text = Array(Self.markText.utf8)
        // That it is there is what counts.
        _ = write(descriptor, text, text.count)
        close(descriptor)
    }

    /// What is left after a folder was erased.
    struct Rest: Hashable {
        /// Whether the folder itself is there still, for it holds what is not Skald's.
        var hasFolder = false
        /// Where links lead that Skald has not made.
        var targets: [String] = []
    }

    /// Removes what a system that is not running left: data, secrets, logs; then the folder, if nothing else is in it.
    ///
    /// - Returns: nil where there was no folder.
    /// - Throws: where the folder is not Skald's, where a system runs in it, and what cannot be removed.
    func erase() async throws -> Rest? {
        guard Self.exists(path) else { return nil }
        guard isSkalds else {
            throw Failure(
                .unavailable, "\(path) is no folder of Skald's; nothing is removed",
                remedy: "SKALD_HOME names the folder, .skald if it is not set.")
        }
        guard let lock = try FolderLock.take(lockPath) else {
            throw Failure(
                .unavailable, "a system starts or ends in \(path); nothing is removed",
                remedy: "skald status shows how far it is; then again: skald down --erase")
        }
        defer { withExtendedLifetime(lock) {} }
        var rest = Rest()
        let names = Self.serverNames.map { "\(path)/\($0)" }
        let homes = names.compactMap(OpenHome.init(behind:)).filter(\.isClaimed)
        rest.targets = names.compactMap(linkTarget).filter { target in !homes.contains { $0.data == target } }
        let plain = names.filter { linkTarget($0) == nil }
        // The lock of a supervisor that was killed is free before its servers have ended.
        for place in plain + homes.map(\.data) { try await ServerRecord.endServer(leftIn: place) }
        try await Self.remove(homes.map(\.data) + entries)
        for home in homes { home.remove() }
        // The mark last: what fails before it can be tried again.
        for path in [lockPath, markPath] where unlink(path) != 0 && errno != ENOENT { throw Self.unremovable(path) }
        rest.hasFolder = try !removeIfEmpty()
        // Another start may have written here meanwhile, as it looks for the mark before it asks for the lock.
        if rest.hasFolder, entries.contains(where: Self.exists) { try writeMark() }
        return rest
    }

    /// A link is removed, and what it leads to is not.
    private static func remove(_ paths: [String]) async throws {
        let result = try await Subprocess(["rm", "-rf", "--"] + paths, limit: .seconds(600)).run()
        guard result.status == 0 else {
            let said = String(decoding: result.errors, as: UTF8.self)
            throw Failure(.failed, "not everything could be removed: \(said.firstLines(4))")
        }
    }

    /// - Returns: whether the folder is gone.
    private func removeIfEmpty() throws(Failure) -> Bool {
        if rmdir(path) == 0 { return true }
        // What a link leads to was not made for Skald, and `.` is where somebody stands.
        if [ENOTEMPTY, EEXIST, ENOTDIR, EINVAL].contains(errno) { return false }
        throw Self.unremovable(path)
    }

    private static func exists(_ path: String) -> Bool {
        var facts = stat()
        return lstat(path, &facts) == 0
    }

    private static func unremovable(_ path: String) -> Failure {
        Failure(.failed, "cannot remove \(path): \(String(cString: strerror(errno)))")
    }
}
