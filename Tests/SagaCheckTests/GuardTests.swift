import SagaCheck
import SagaModel
import Testing

@Suite("Guards")
struct GuardTests {
    struct Case: CustomTestStringConvertible {
        /// Fields of the start event, and of `data`.
        let event: String
        let data: String
        let set: String
        let when: String
        var printed = ""

        var testDescription: String { when }
    }

    private func sale(_ example: Case) throws -> Definition {
        try Sale.changed(
            participant: [
                ("till.sale-begun: { saleId: id }", "till.sale-begun: { saleId: id, \(example.event) }"),
                ("types: {}", "types: { Seat: { row: integer, class: choice<stalls|balcony>, note: string? } }"),
                ("  Paid: {}", "  Paid: { seat: Seat, amount: money }"),
            ],
            saga: [
                ("set: { saleId: event.saleId }", "set: { saleId: event.saleId, \(example.set) }"),
                ("data: { saleId: id }", "data: { saleId: id, \(example.data) }"),
                ("on: { Declined: fail }", "on: { Declined: fail, Paid: { set: { \(example.printed) } } }"),
                ("  - id: print\n", "  - id: print\n    when: \(example.when)\n"),
            ])
    }

    /// Were one side missing, the step would be dead, or its guard.
    @Test(
        "see both sides",
        arguments: [
            Case(event: "total: money", data: "total: money", set: "total: event.total", when: "data.total < 1000"),
            Case(
                event: "total: money", data: "total: money, paid: money", set: "total: event.total",
                when: "data.paid < data.total", printed: "paid: reply.amount"),
            Case(
                event: "total: money", data: "total: money, paid: money", set: "total: event.total",
                when: "data.paid == data.total", printed: "paid: reply.amount"),
            Case(
                event: "a: integer, b: integer, c: integer", data: "a: integer, b: integer, c: integer",
                set: "a: event.a, b: event.b, c: event.c", when: "data.a < data.b and data.b < data.c"),
            Case(
                event: "a: integer, b: integer", data: "a: integer, b: integer", set: "a: event.a, b: event.b",
                when: "data.a > 5 and data.a < data.b and data.b < 9"),
            Case(
                event: "total: money", data: "total: money, seat: till.Seat?", set: "total: event.total",
                when: "data.seat.class == 'balcony'", printed: "seat: reply.seat"),
            Case(
                event: "total: money", data: "row: integer?", set: "row: event.total",
                when: "data.row > 7", printed: "row: reply.seat.row"),
            Case(
                event: "first: string", data: "first: string, second: string?", set: "first: event.first",
                when: "data.second == 'late'", printed: "second: data.first"),
            Case(event: "name: string", data: "name: string", set: "name: event.name", when: "data.name < 'm'"),
            Case(event: "name: string", data: "name: string", set: "name: event.name", when: "data.name == 'x'"),
            Case(
                event: "name: string", data: "name: string", set: "name: event.name", when: "data.name == data.saleId"),
            Case(
                event: "amount: money", data: "low: money, high: money", set: "low: event.amount, high: event.amount",
                when: "data.low > 10 and data.high < 100"),
            Case(
                event: "seat: till.Seat, other: till.Seat", data: "seat: till.Seat, other: till.Seat",
                set: "seat: event.seat, other: event.other", when: "data.seat == data.other"),
            Case(
                event: "seat: till.Seat?", data: "seat: till.Seat?", set: "seat: event.seat",
                when: "exists data.seat.note"),
            Case(
                event: "name: string", data: "name: string, class: choice<stalls|balcony>?",
                set: "name: event.name", when: "data.class == data.name", printed: "class: reply.seat.class"),
        ])
    func sides(example: Case) throws {
        let report = try Check.check([try sale(example)])
        #expect(report.findings == [])
        #expect(report.search.isExhaustive)
    }

    @Test("that tell apart more payloads than are looked at leave nothing proven")
    func tooMany() throws {
        let names = ["a", "b", "c", "d", "e", "f"]
        let fields = names.map { "\($0): integer" }.joined(separator: ", ")
        let definition = try sale(
            Case(
                event: fields, data: fields, set: names.map { "\($0): event.\($0)" }.joined(separator: ", "),
                when: names.map { "data.\($0) > 7" }.joined(separator: " and ")))
        let report = try Check.check([definition])
        #expect(report.findings.map(\.code) == [.notExhaustive])
        #expect(report.findings.first?.message.contains("till.sale-begun of start") == true)
        #expect(!report.search.isExhaustive)
    }

    @Test("are shown values at the ends of what an integer can be")
    func ends() throws {
        let definition = try sale(
            Case(
                event: "a: integer", data: "a: integer", set: "a: event.a",
                when: "data.a > -9223372036854775808 and data.a < 9223372036854775807"))
        #expect(try Sale.codes(definition) == [])
    }

    /// Both steps run if one price is below the limit, and the one that comes after it is above.
    @Test("see values that come to one place one after the other")
    func successive() throws {
        let definition = try Sale.changed(
            participant: [
                ("till.sale-begun: { saleId: id }", "till.sale-begun: { saleId: id, limit: money }"),
                ("  Paid: {}", "  Paid: { price: money }"), ("  Printed: {}", "  Printed: { price: money }"),
                ("  sale:\n", "  stamp:\n    states: [none, ONE, TWO]\n  sale:\n"),
                (
                    "  Print:\n",
                    """
                      Print:
                        aggregate: stamp
                        transitions: [{ from: none, to: ONE }, { from: ONE, to: TWO }]

                    """
                ),
            ],
            saga: [
                ("set: { saleId: event.saleId }", "set: { saleId: event.saleId, limit: event.limit }"),
                ("data: { saleId: id }", "data: { saleId: id, limit: money, price: money }"),
                ("on: { Declined: fail }", "on: { Declined: fail, Paid: { set: { price: reply.price } } }"),
                (
                    "    do: { send: till.Print, with: { saleId: data.saleId } }\n",
                    """
                        when: data.price < data.limit
                        do: { send: till.Print, with: { saleId: data.saleId } }
                        on: { Printed: { set: { price: reply.price } } }
                      - id: print-again
                        kind: retriable
                        when: data.limit < data.price
                        do: { send: till.Print, with: { saleId: data.saleId } }

                    """
                ),
                ("require: sale == PAID", "require: sale == PAID and stamp != TWO"),
            ])
        #expect(try Sale.codes(definition).contains(.promiseBroken))
    }
}
