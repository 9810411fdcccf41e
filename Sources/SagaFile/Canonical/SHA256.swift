internal import COpenSSL

/// The hash that definitions are told apart by, and that a broker keeps of passwords.
package enum SHA256 {
    /// - Returns: 32 bytes.
    /// - Precondition: libcrypto has SHA-256, which every build of it does.
    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let status = EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil)
        precondition(status == 1 && count == 32, "SHA-256 failed")
        return Array(digest.prefix(Int(count)))
    }
}
