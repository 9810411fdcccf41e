/// Numbers that look random and follow from what they are for, so that a replay gives the same ones.
///
/// The mixing is the finaliser of MurmurHash3 (public domain): well spread, and no secret. Nobody may take an identifier
/// for a proof of anything.
package struct Derivation: Sendable {
    private var first: UInt64
    private var second: UInt64

    package init(seed: UInt64 = 0) {
        first = seed ^ 0x9e37_79b9_7f4a_7c15
        second = seed ^ 0xc2b2_ae3d_27d4_eb4f
    }

    /// Mixes a number in; the order of calls matters.
    @inline(__always)
    package mutating func mix(_ value: UInt64) {
        first = Self.spread(first ^ value)
        second = Self.spread(second &+ value &* 0x9fb2_1c65_1e98_df25 &+ first)
    }

    /// Mixes the bytes of a text in.
    package mutating func mix(_ text: String) {
        mix(Self.hash(text))
    }

    /// What was mixed, as two numbers.
    package var result: (UInt64, UInt64) { (Self.spread(first), Self.spread(second)) }

    /// The 64-bit FNV-1a hash of the text's UTF-8.
    package static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    @inline(__always)
    private static func spread(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ value >> 33
    }
}

extension Identifier {
    /// The id of an instance, from what makes it unique and the time of the event that starts it.
    package static func saga(definition: String, key: Value, milliseconds: Int64) -> Identifier {
        var derivation = Derivation(seed: 1)
        derivation.mix(definition)
        derivation.mix(CanonicalJSON.text(of: key))
        return Identifier(milliseconds: milliseconds, entropy: derivation.result)
    }

    /// The id of a request, from what it is for and the time of the input that caused it.
    ///
    /// A re-send keeps the id because it keeps the try; a new try gets another.
    package static func request(
        saga: Identifier, stepHash: UInt64, direction: Direction, attempt: Int, milliseconds: Int64
    ) -> Identifier {
        var derivation = Derivation(seed: 2)
        derivation.mix(saga.high)
        derivation.mix(saga.low)
        derivation.mix(stepHash)
        derivation.mix(UInt64(direction == .do ? 1 : 2) << 32 | UInt64(attempt))
        return Identifier(milliseconds: milliseconds, entropy: derivation.result)
    }
}
