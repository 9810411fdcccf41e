import SagaFile

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Passwords of broker users, read from a file so that none stands on a command line.
struct PasswordFile {
    /// By user.
    let passwords: [String: String]

    /// Reads lines `user=password`; empty ones and those that begin with `#` are passed over.
    init(_ path: String) throws {
        let text = String(decoding: try SourceFile.read(path).bytes, as: UTF8.self)
        var passwords: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.last == "\r" ? line.dropLast() : line
            if line.isEmpty || line.first == "#" { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw Failure(
                    .badInput, "\(path):\(index + 1): this is no password of a user",
                    remedy: "Each line reads user=password.")
            }
            passwords[String(parts[0])] = String(parts[1])
        }
        self.passwords = passwords
    }

    /// By user, in the form the broker keeps.
    var hashes: [String: String] { passwords.mapValues { BrokerPassword.hash(of: $0, salt: .random(in: 0 ... .max)) } }
}

/// How RabbitMQ keeps a password: four bytes of salt, then the SHA-256 of salt and password, in base 64 (RabbitMQ,
/// "Credentials and Passwords").
enum BrokerPassword {
    static func hash(of password: String, salt: UInt32) -> String {
        let salt = (0..<4).map { UInt8(truncatingIfNeeded: salt >> (24 - 8 * $0)) }
        return base64(salt + SHA256.digest(of: salt + Array(password.utf8)))
    }

    /// Whether a broker that keeps this hash lets the password in.
    static func isHash(_ hash: String, of password: String) -> Bool {
        salt(of: hash).map { self.hash(of: password, salt: $0) == hash } ?? false
    }

    /// The first four bytes: 32 of the 36 bits in the first six digits.
    private static func salt(of hash: String) -> UInt32? {
        let values = hash.utf8.prefix(6).compactMap { digits.firstIndex(of: $0) }
        guard values.count == 6 else { return nil }
        return UInt32(truncatingIfNeeded: values.reduce(UInt64(0)) { $0 << 6 | UInt64($1) } >> 4)
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// RFC 4648, section 4.
    static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (16 - 8 * UInt32($1.offset)) }
            for place in 0..<4 {
                text.append(
                    place <= group.count ? digits[Int(bits >> (18 - 6 * UInt32(place))) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
