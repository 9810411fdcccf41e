/// An instant with microsecond precision, the server's `timestamptz`.
///
/// Kept as the server counts: microseconds since 2000-01-01 00:00 UTC, with the two ends of the range for `-infinity` and
/// `infinity`. No calendar is involved, so no Foundation either.
public struct PostgresTimestamp: Hashable, Sendable {
    /// Microseconds since 2000-01-01 00:00 UTC.
    public var microsecondsSince2000: Int64

    @inlinable
    public init(microsecondsSince2000: Int64) {
        self.microsecondsSince2000 = microsecondsSince2000
    }

    /// From the count other systems use; nil where it falls outside of what the server can hold.
    @inlinable
    public init?(microsecondsSinceUnixEpoch: Int64) {
        let (value, overflow) = microsecondsSinceUnixEpoch.subtractingReportingOverflow(Self.unixEpochDistance)
        if overflow { return nil }
        self.init(microsecondsSince2000: value)
    }

    /// Microseconds since 1970-01-01 00:00 UTC; nil for the infinities and for the last years of the server's range.
    @inlinable
    public var microsecondsSinceUnixEpoch: Int64? {
        if self == .infinity || self == .negativeInfinity { return nil }
        let (value, overflow) = microsecondsSince2000.addingReportingOverflow(Self.unixEpochDistance)
        return overflow ? nil : value
    }

    @inlinable public static var infinity: PostgresTimestamp { .init(microsecondsSince2000: .max) }
    @inlinable public static var negativeInfinity: PostgresTimestamp { .init(microsecondsSince2000: .min) }

    /// Microseconds from 1970 to 2000.
    @inlinable static var unixEpochDistance: Int64 { 946_684_800_000_000 }
}

extension PostgresTimestamp: Comparable {
    @inlinable
    public static func < (left: PostgresTimestamp, right: PostgresTimestamp) -> Bool {
        left.microsecondsSince2000 < right.microsecondsSince2000
    }
}

extension PostgresTimestamp: PostgresArrayElement {
    @inlinable public static var postgresType: PostgresType { .timestamptz }
    @inlinable public static var postgresArrayType: PostgresType { .timestamptzArray }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(microsecondsSince2000) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        guard type == .timestamptz else { throw .typeMismatch }
        microsecondsSince2000 = try bytes.wholeInteger()
    }
}

extension PostgresTimestamp: CustomStringConvertible {
    /// ISO 8601 in UTC, always with six digits of a second.
    public var description: String {
        if self == .infinity { return "infinity" }
        if self == .negativeInfinity { return "-infinity" }
        let microsecondsPerDay: Int64 = 86_400_000_000
        var day = microsecondsSince2000 / microsecondsPerDay
        var rest = microsecondsSince2000 % microsecondsPerDay
        if rest < 0 {
            rest += microsecondsPerDay
            day -= 1
        }
        let date = CivilDate(daysSince2000: day)
        let seconds = rest / 1_000_000
        let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { Self.padded($0, to: 2) }
        let fraction = Self.padded(rest % 1_000_000, to: 6)
        return "\(date)T\(time.joined(separator: ":")).\(fraction)Z"
    }

    static func padded(_ number: Int64, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
