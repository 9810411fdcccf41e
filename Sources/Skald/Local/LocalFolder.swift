import LocalServers
import SagaFile

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

    func make() throws(Failure) {
        try OutputFile.makeFolder(path)
        // Whatever the caller's umask, the servers' own users must get through to their folders.
        chmod(path, 0o755)
        try OutputFile.makeFolder(logsPath)
    }

    /// Where a server keeps its data.
    ///
    /// Root's servers run as the users of their Debian packages, who must reach the folder from the top. Where they cannot,
    /// as below the home of root, the data lies in a folder of its own under the system's, and a link here leads to it.
    func serverFolder(_ name: String) throws(Failure) -> String {
        let plain = "\(path)/\(name)"
        if geteuid() != 0 || isOpenToAll { return plain }
        let home = "/var/tmp/skald-\(Self.digest(of: path))"
        if mkdir(home, 0o711) != 0, errno != EEXIST {
            throw Failure(.unavailable, "cannot make \(home): \(String(cString: strerror(errno)))")
        }
        var facts = stat()
        guard lstat(home, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == geteuid() else {
            throw Failure(.unavailable, "\(home) belongs to somebody else", remedy: "Look who made it, then remove it.")
        }
        chmod(home, 0o711)
        symlink("\(home)/\(name)", plain)
        return "\(home)/\(name)"
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

    /// Removes what a system that is not running left: data, secrets, logs.
    func erase() async throws {
        var paths = [path]
        for name in ["broker", "postgres"] {
            if let target = Self.target(ofLink: "\(path)/\(name)") { paths.append(target) }
        }
        _ = try await Subprocess(["rm", "-rf", "--"] + paths).run()
    }

    private static func target(ofLink path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    private static func digest(of text: String) -> String {
        SHA256.digest(of: Array(text.utf8)).prefix(8).map { String($0, radix: 36) }.joined()
    }

    static var workingFolder: String {
        guard let name = getcwd(nil, 0) else { return "/" }
        defer { free(name) }
        return String(cString: name)
    }
}

/// The lock that one running system of a folder holds. The kernel frees it when its owner ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock, or returns nil where another process has it.
    static func take(_ path: String) throws(Failure) -> FolderLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure(.unavailable, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        let lock = FolderLock(descriptor)
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? lock : nil
    }
}
