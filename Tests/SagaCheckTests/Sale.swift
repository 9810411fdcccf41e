import SagaCheck
import SagaFile
import SagaModel
import Testing

/// A sound saga on one screen, for tests that change a few words of it.
enum Sale {
    static let participant = """
        participant: till
        queue: till.commands
        types: {}
        aggregates:
          sale:
            states: [none, PAID, RETURNED]
        commands:
          Pay:
            aggregate: sale
            key: saleId
            payload: { saleId: id }
            transitions: [{ from: none, to: PAID }]
            ok: Paid
            fail: Declined
          Return:
            aggregate: sale
            key: saleId
            payload: { saleId: id }
            transitions: [{ from: PAID, to: RETURNED }]
            ok: Returned
            undoes: Pay
          Print:
            key: saleId
            payload: { saleId: id }
            ok: Printed
        replies:
          Paid: {}
          Declined: {}
          Returned: {}
          Printed: {}
        events:
          till.sale-begun: { saleId: id }
          till.drawer-opened: { saleId: id }

        """

    static let saga = """
        saga: sell
        version: 1
        start: { event: till.sale-begun, key: saleId, set: { saleId: event.saleId } }
        deadline: PT1H
        data: { saleId: id }
        steps:
          - id: pay
            kind: pivot
            do: { send: till.Pay, with: { saleId: data.saleId } }
            on: { Declined: fail }
            undo: { send: till.Return, with: { saleId: data.saleId } }
          - id: print
            kind: retriable
            do: { send: till.Print, with: { saleId: data.saleId } }
        outcomes:
          sold: { end: completed, require: sale == PAID }
          unsold: { end: compensated, require: 'sale in [none, RETURNED]' }
        check: { timeouts: 1, duplicates: 1, crashes: 0, losses: 0, attempts: 1 }

        """

    /// The saga with words of its files replaced, each of which must stand there.
    static func changed(
        participant: [(String, String)] = [], saga: [(String, String)] = []
    ) throws -> Definition {
        let files = (try change(Self.participant, participant), try change(Self.saga, saga))
        let library = try SagaLibrary(
            participants: [SourceFile(path: "till", text: files.0)], sagas: [SourceFile(path: "sell", text: files.1)])
        return try #require(library.saga(named: "sell")).definition
    }

    private static func change(_ text: String, _ words: [(String, String)]) throws -> String {
        try words.reduce(text) { text, words in
            try #require(text.contains(words.0), "the words to replace are in the file")
            return text.replacing(words.0, with: words.1)
        }
    }

    /// One more aggregate, which has nothing to do with the sale.
    static func drawer(_ lines: String...) -> (String, String) {
        ("  sale:\n", "  drawer:\n" + lines.map { "    \($0)\n" }.joined() + "  sale:\n")
    }

    /// The codes of what a check finds.
    static func codes(_ definition: Definition, _ limits: SearchLimits = SearchLimits()) throws -> [Finding.Code] {
        try Check.check([definition], limits: limits).findings.map(\.code)
    }
}
