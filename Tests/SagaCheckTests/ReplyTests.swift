import SagaCheck
import SagaModel
import Testing

@Suite("Successes of a command")
struct ReplyTests {
    private let twoSuccesses = ("ok: Printed", "ok: [Printed, PrintedLate]")
    private let reply = ("  Printed: {}", "  Printed: {}\n  PrintedLate: {}")

    @Test("are all given where no transition names one")
    func withoutTransitions() throws {
        let rules =
            "with: { saleId: data.saleId } }\n    on: { Printed: { set: { late: 'no' } }, PrintedLate: { set: { late: 'yes' } } }"
        let definition = try Sale.changed(
            participant: [twoSuccesses, reply],
            saga: [
                ("send: till.Print, with: { saleId: data.saleId } }", "send: till.Print, " + rules),
                ("data: { saleId: id }", "data: { saleId: id, late: string? }"),
            ])
        #expect(try Sale.codes(definition) == [])
    }

    @Test("are the first, and those that no transition names, unless the transition names one")
    func withTransitions() throws {
        let paid = ("ok: Paid", "ok: [Paid, PaidInPart, PaidBefore]")
        let again = (
            "[{ from: none, to: PAID }]", "[{ from: none, to: PAID }, { from: PAID, to: unchanged, reply: PaidBefore }]"
        )
        let replies = ("  Paid: {}", "  Paid: {}\n  PaidInPart: {}\n  PaidBefore: {}")
        let rules = (
            "on: { Declined: fail }", "on: { Declined: fail, Paid: proceed, PaidInPart: proceed, PaidBefore: proceed }"
        )
        let definition = try Sale.changed(participant: [paid, again, replies], saga: [rules])
        let report = try Check.check([definition])
        #expect(report.findings.map(\.code) == [.replyDead])
        #expect(report.findings.first?.message.contains("PaidBefore") == true, "the sale begins in none")
    }
}
