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

    static func hexadecimalSHA256(of bytes: [UInt8]) -> String {
        SHA256.digest(of: bytes).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 2 ? digits : "0" + digits
        }.joined()
    }
}
