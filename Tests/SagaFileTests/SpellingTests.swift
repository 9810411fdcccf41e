import SagaFile
import SagaModel
import Testing

@Suite struct SpellingTests {
    @Test(arguments: [
        ("PT15M", 900_000), ("PT1.5S", 1_500), ("PT0.001S", 1), ("P90D", 7_776_000_000), ("P1DT2H3M4S", 93_784_000),
        ("PT90S", 90_000), ("PT3600S", 3_600_000), ("P3660D", 316_224_000_000),
    ]) func readsDurations(_ text: String, milliseconds: Int64) {
        #expect(ISODuration.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "P", "PT", "T5S", "5S", "PT5", "PT-5S", "PT5s", "P5W", "P1Y", "PT1.S", "PT.5S", "PT1.2345S", "PT1H30",
        "P1D2H",
        "PT5S ", "PT0S", "P0D", "PT999999999999S", "P3661D", "PT٣S", "PT1M1H", "PT5SS", "P1DX",
    ]) func refusesWhatIsNoDuration(_ text: String) {
        #expect(ISODuration.parse(text) == nil)
    }

    @Test(arguments: [1, 999, 1_000, 1_500, 59_999, 60_000, 61_001, 3_600_000, 86_400_000, 90_061_001, 316_224_000_000])
    func spellsDurationsSoThatTheyCanBeRead(_ milliseconds: Int64) {
        let duration = Duration.milliseconds(milliseconds)
        #expect(ISODuration.parse(ISODuration.spell(duration)) == duration)
    }

    @Test(arguments: [
        ("0", 0), ("-1", -1), ("42", 42), ("9223372036854775807", Int64.max), ("-9223372036854775808", .min),
    ])
    func readsWholeNumbers(_ text: String, number: Int64) {
        #expect(WholeNumber.parse(text) == number)
    }

    @Test(arguments: ["", "-", "-0", "+1", "01", "1.0", "1e3", "0x1", "1_000", " 1", "9223372036854775808", "٣"])
    func refusesWhatIsNoWholeNumber(_ text: String) {
        #expect(WholeNumber.parse(text) == nil)
    }

    @Test func guessesWhatWasMeant() {
        let keys = ["deadline", "data", "steps", "start"]
        #expect(Spelling.nearest(to: "deadlin", among: keys) == "deadline")
        #expect(Spelling.nearest(to: "Deadline", among: keys) == "deadline")
        #expect(Spelling.nearest(to: "setps", among: keys) == "steps")
        #expect(Spelling.nearest(to: "retention", among: keys) == nil)
        #expect(Spelling.nearest(to: "", among: keys) == nil)
    }
}
