import Foundation
import Testing

@testable import Benchmarks

@Suite struct ReportTests {
    private let machine = MachineFacts(
        facts: [("cores", .number(2)), ("cpu_model", .text("a \"b\"\\\t"))])

    @Test func jsonHoldsTheMediansUnderTheirNames() throws {
        var report = Report()
        report.ratio("publish_vs_c", Spread([0.9, 0.81234567, 0.7]))
        report.figure("publish_per_second", Spread([38_123.4]))
        let text = JSONRendering(benchmark: "amqp", machine: machine, report: report).text
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(Set(object.keys) == ["bench", "machine", "ratios", "figures"])
        #expect(object["bench"] as? String == "amqp")
        #expect(object["ratios"] as? [String: Double] == ["publish_vs_c": 0.8123])
        #expect(object["figures"] as? [String: Double] == ["publish_per_second": 38_123])
        #expect((object["machine"] as? [String: Any])?["cpu_model"] as? String == "a \"b\"\\\t")
    }

    @Test func tableShowsConfigurationSpreadAndReach() {
        var report = Report()
        report.describe("ours", ["window": "1000", "body": "512 B"])
        report.ratio("publish_vs_c", Spread([0.9, 0.8, 0.7]), reach: .atLeast(0.85))
        report.ratio("latency_vs_c", Spread([1.2]), reach: .atMost(1.3))
        let lines = TableRendering(benchmark: "amqp", machine: machine, report: report).text.split(separator: "\n")
        #expect(lines.contains("ours  window=1000  body=512 B"))
        #expect(lines.contains("publish_vs_c         0.8         0.7         0.9  at least 0.85: MISSED"))
        #expect(lines.contains("latency_vs_c         1.2         1.2         1.2  at most 1.3: reached"))
    }

    @Test(arguments: ["perSecond", "rate/s", "_rate", "rate__s", "", "1_rate"])
    func namesOutsideSnakeCaseAreRefused(name: String) {
        var report = Report()
        report.figure(name, Spread([1]))
        #expect(throws: MalformedReport.self) { try report.validate() }
    }

    @Test func doubledNamesAndInfinitiesAreRefused() {
        var doubled = Report()
        doubled.figure("rate_per_second", Spread([1]))
        doubled.ratio("rate_per_second", Spread([1]))
        #expect(throws: MalformedReport.self) { try doubled.validate() }
        var infinite = Report()
        infinite.figure("rate_per_second", Spread([1 / 0.0]))
        #expect(throws: MalformedReport.self) { try infinite.validate() }
    }

    @Test(arguments: [
        (0.0, "0"), (1.0, "1"), (0.85, "0.85"), (123_456.7, "123457"), (0.000012345678, "1.235e-05"), (-2.5, "-2.5"),
    ])
    func numbersAreShort(value: Double, text: String) {
        #expect(value.shortText == text)
    }

    @Test func medianAndPercentilesInterpolate() {
        let spread = Spread([4, 1, 3, 2])
        #expect(spread.median == 2.5)
        #expect(spread.minimum == 1 && spread.maximum == 4)
        #expect(spread.percentile(100) == 4)
        #expect(Spread([7]).percentile(99) == 7)
    }
}
