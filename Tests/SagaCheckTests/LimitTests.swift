import SagaCheck
import SagaModel
import Testing

@Suite("A search that comes to a limit")
struct LimitTests {
    @Test("of memory keeps below it and says so", arguments: [1 << 19, 1 << 20])
    func memory(byteCountMax: Int) throws {
        let report = try Check.check([try Shipped.createOrder], limits: SearchLimits(byteCountMax: byteCountMax))
        #expect(report.search.interruption == .memoryLimit && !report.search.isExhaustive)
        #expect((byteCountMax / 4...byteCountMax).contains(report.search.byteCount))
        #expect(report.findings.map(\.code) == [.notExhaustive])
        #expect(report.findings.first?.message.contains("MiB") == true)
    }

    @Test("of states says so")
    func states() throws {
        let report = try Check.check([try Shipped.createOrder], limits: SearchLimits(stateCountMax: 1_000))
        #expect(report.search.interruption == .stateLimit)
        #expect(report.findings.first?.message.contains("MiB") == false)
    }
}
