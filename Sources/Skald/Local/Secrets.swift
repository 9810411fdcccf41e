import Messaging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The passwords of a local system, made at its first start and kept in a file that only its owner can read.
struct Secrets: Sendable {
    /// By user of the broker and by role of the databases, which never clash: a service's two are the same.
    let passwords: [String: String]

    /// Reads what is there and makes what is missing.
    ///
    /// - Parameter names: users and roles that need one.
    static func keep(in path: String, for names: [String]) throws -> Secrets {
        var passwords = access(path, F_OK) == 0 ? try PasswordFile(path).passwords : [:]
        let missing = names.filter { passwords[$0] == nil }
        for name in missing { passwords[name] = fresh() }
        if !missing.isEmpty { try write(passwords, to: path) }
        return Secrets(passwords: passwords)
    }

    static func read(_ path: String) throws -> Secrets {
        Secrets(passwords: try PasswordFile(path).passwords)
    }

    func password(of name: String) throws(Failure) -> String {
        guard let password = passwords[name] else {
            throw Failure(.unavailable, "there is no password of \(name)", remedy: "Start the system anew: skald up")
        }
        return password
    }

    /// 120 bits nobody can guess, in letters and digits that no URL has to escape.
    private static func fresh() -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
        return String((0..<24).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
    }

    private static func write(_ passwords: [String: String], to path: String) throws(Failure) {
        let text = passwords.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
        let beside = path + ".part"
        unlink(beside)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable(path) }
        let bytes = Array(text.utf8)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        guard close(descriptor) == 0, written == bytes.count, rename(beside, path) == 0 else { throw unwritable(path) }
    }

    private static func unwritable(_ path: String) -> Failure {
        Failure(.unavailable, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
