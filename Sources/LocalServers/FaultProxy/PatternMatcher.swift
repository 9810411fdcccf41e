/// Finds a byte pattern in a stream that comes in pieces (Knuth, Morris and Pratt).
struct PatternMatcher: Sendable {
    private let pattern: [UInt8]
    /// For each prefix, how much of it is still matched after a mismatch behind it.
    private let fallbacks: [Int]
    private var matched = 0

    /// - Parameter pattern: At least one byte.
    init(_ pattern: [UInt8]) {
        precondition(!pattern.isEmpty, "an empty pattern matches everywhere")
        self.pattern = pattern
        var fallbacks = [0]
        var length = 0
        for byte in pattern.dropFirst() {
            while length > 0 && pattern[length] != byte { length = fallbacks[length - 1] }
            if pattern[length] == byte { length += 1 }
            fallbacks.append(length)
        }
        self.fallbacks = fallbacks
    }

    /// Reads on; gives how many of `bytes` belong before the end of the first match, or nil when there is none yet.
    mutating func scan(_ bytes: some Collection<UInt8>) -> Int? {
        for (offset, byte) in bytes.enumerated() {
            while matched > 0 && (matched == pattern.count || pattern[matched] != byte) {
                matched = fallbacks[matched - 1]
            }
            if pattern[matched] == byte { matched += 1 }
            if matched == pattern.count { return offset + 1 }
        }
        return nil
    }
}
