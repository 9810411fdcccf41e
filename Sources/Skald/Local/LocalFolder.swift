import LocalServers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The folder of a project in which `skald up` keeps everything: state, secrets, logs, the servers' data.
struct LocalFolder: Sendable {
    let path: String

    /// `.skald` where the command runs, or what `SKALD_HOME` names.
    static func current(environment: (String) -> String? = variable) -> LocalFolder {
        let name = environment("SKALD_HOME") ?? ".skald"
        return LocalFolder(path: name.hasPrefix("/") ? name : "\(workingFolder)/\(name)")
    }

    var statePath: String { "\(path)/state.json" }
    var passwordsPath: String { "\(path)/passwords" }
    var lockPath: String { "\(path)/lock" }
    var controlPath: String { "\(path)/rabbitmqctl" }
    /// What the supervisor itself says when it runs in the background.
    var supervisorLogPath: String { logPath(of: "supervisor") }
    var logsPath: String { "\(path)/logs" }

    func logPath(of service: String) -> String { "\(logsPath)/\(service).log" }

    /// Makes the folder and marks it as Skald's.
    ///
    /// - Throws: where it is another user's, and where what lies in it under Skald's names is not Skald's, for that would be
    ///   used and, one day, erased.
    func make() throws(Failure) {
        try checkOwner()
        try OutputFile.makeFolder(path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 })
        if mkdir(path, 0o777) == 0 {
            // Whatever the caller's umask, the servers' own users must get through to their folders.
            chmod(path, 0o755)
        } else {
            try OutputFile.makeFolder(path)
        }
        try mark()
        try OutputFile.makeFolder(logsPath)
    }

    /// Where a server keeps its data.
    ///
    /// Root's servers run as the users of their Debian packages, who must reach the folder from the top. Where they cannot,
    /// as below the home of root, the data lies elsewhere, and a link here leads to it. Data that is there already stays where
    /// it is, whoever may pass now: nobody finds an empty database where the day before there was a full one.
    func serverFolder(_ name: String) throws(Failure) -> String {
        let plain = "\(path)/\(name)"
        if let home = OpenHome(behind: plain) {
            try home.claim()
            return home.data
        }
        var facts = stat()
        let isThere = lstat(plain, &facts) == 0
        if isThere, stat(plain, &facts) != 0 {
            throw Failure(
                .unavailable, "\(plain) leads to data that is gone: \(linkTarget(plain) ?? "")",
                remedy: "Bring it back, or remove the link: Skald begins without data then.")
        }
        if geteuid() != 0 || isOpenToAll || isThere { return plain }
        return try OpenHome(madeFor: plain).data
    }

    /// Whether everybody may pass through every folder on the way.
    private var isOpenToAll: Bool {
        var made = ""
        return path.split(separator: "/").allSatisfy { part in
            made += "/\(part)"
            var facts = stat()
            return stat(made, &facts) == 0 && facts.st_mode & 0o001 != 0
        }
    }

    static var workingFolder: String {
        guard let name = getcwd(nil, 0) else { return "/" }
        defer { free(name) }
        return String(cString: name)
    }
}

/// The lock that one running system of a folder holds, or who erases it. The kernel frees it when its owner ends, however
/// it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock, or returns nil where another process has it.
    static func take(_ path: String) throws(Failure) -> FolderLock? {
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw Failure(.unavailable, "cannot open \(path): \(String(cString: strerror(errno)))")
            }
            let lock = FolderLock(descriptor)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
            // Who erases the folder removes the file: a lock on one that nobody finds any more keeps nobody out.
            if lock.isThere(path) { return lock }
        }
    }

    private func isThere(_ path: String) -> Bool {
        var (own, found) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && stat(path, &found) == 0
            && own.st_ino == found.st_ino && own.st_dev == found.st_dev
    }
}
