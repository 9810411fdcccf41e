internal import COpenSSL
package import SagaModel

/// The one form of a definition that is hashed and stored: what can change the course of an instance, and nothing else.
///
/// Left out are texts for people, extensions, the checker's bounds, and the states that only the checker asks about.
/// Defaults are written out, so that a later change of a default does not change what a stored definition means. The
/// participants stand in it as far as the saga uses them, so it can be read back without any other file.
package struct CanonicalDefinition: Hashable, Sendable {
    /// JSON with sorted keys and no white space.
    package let json: String
    /// The SHA-256 of ``json``, in 64 hexadecimal digits.
    package let hash: String

    package init(_ definition: Definition) {
        json = CanonicalJSON.text(of: DefinitionWriter(definition).value)
        hash = Self.hexadecimalSHA256(of: Array(json.utf8))
    }

    /// - Precondition: libcrypto has SHA-256, which every build of it does.
    static func hexadecimalSHA256(of bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let status = EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil)
        precondition(status == 1 && count == 32, "SHA-256 failed")
        return digest.prefix(Int(count)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 2 ? digits : "0" + digits
        }.joined()
    }
}
