import Telemetry
import Testing

@Suite struct RFC3339Tests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
            (4_102_444_800_001, "2100-01-01T00:00:00.001Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func aTimeIsShownAndReadBack(milliseconds: Int64, text: String) {
        #expect(RFC3339.text(milliseconds: milliseconds) == text)
        #expect(RFC3339.milliseconds(text) == milliseconds)
    }

    @Test func everyDayOfFourCenturiesSurvivesTheRoundTrip() {
        let broken = (Int64(-1000)...146_097).first { day in
            let milliseconds = day * 86_400_000 + 12_345_678
            return RFC3339.milliseconds(RFC3339.text(milliseconds: milliseconds)) != milliseconds
        }
        #expect(broken == nil)
    }

    @Test(
        arguments: [
            ("2026-01-05T10:20:30Z", 1_767_608_430_000),
            ("2026-01-05t10:20:30.5z", 1_767_608_430_500),
            ("2026-01-05 10:20:30.123456789Z", 1_767_608_430_123),
            ("2026-01-05T12:20:30+02:00", 1_767_608_430_000),
            ("2026-01-05T04:50:30.000-05:30", 1_767_608_430_000),
        ] as [(String, Int64)])
    func theFormsOfOtherLanguagesAreRead(text: String, milliseconds: Int64) {
        #expect(RFC3339.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "now", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-05T24:00:00Z", "2026-01-05T10:20:30",
        "2026-01-05T10:20:30.Z", "2026-01-05T10:20:30Zx", "2026-01-05T10:20:30+25:00", "2026-1-05T10:20:30Z",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(RFC3339.milliseconds(text) == nil)
    }

    @Test func timesPastTheFourDigitYearsAreHeldAtTheEnd() {
        #expect(RFC3339.text(milliseconds: .max) == "9999-12-31T23:59:59.999Z")
        #expect(RFC3339.text(milliseconds: .min) == "0000-01-01T00:00:00.000Z")
    }
}
