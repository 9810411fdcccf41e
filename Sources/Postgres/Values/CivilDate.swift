/// A day of the proleptic Gregorian calendar.
///
/// Counts in eras of 400 years that begin on 1 March, so that the leap day is the last of its year (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
struct CivilDate: Equatable {
    var year: Int64
    var month: Int64
    var day: Int64

    init(daysSince2000: Int64) {
        // 730,425 days lie between 0000-03-01 and 2000-01-01.
        let shifted = daysSince2000 + 730_425
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension CivilDate: CustomStringConvertible {
    /// `yyyy-mm-dd`; a year before 1 stands with its sign, as ISO 8601 counts.
    var description: String {
        let sign = year < 0 ? "-" : ""
        let parts = [
            PostgresTimestamp.padded(abs(year), to: 4), PostgresTimestamp.padded(month, to: 2),
            PostgresTimestamp.padded(day, to: 2),
        ]
        return sign + parts.joined(separator: "-")
    }
}
