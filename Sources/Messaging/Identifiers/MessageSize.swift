/// How large a message's body may be.
public enum MessageSize {
    /// A larger body is refused: at the outbox, before publishing, and on arrival. 1 MiB.
    public static let byteCountMax = 1 << 20
    /// A larger body is worth a warning: CloudEvents promises passage only up to here. 64 KiB.
    public static let byteCountAdvised = 64 << 10

    /// What the size of a body means.
    public enum Verdict: Sendable, Equatable {
        case fits
        case large
        case tooLarge
    }

    /// Judges the size of a body in bytes.
    public static func verdict(byteCount: Int) -> Verdict {
        if byteCount > byteCountMax { return .tooLarge }
        return byteCount > byteCountAdvised ? .large : .fits
    }
}
