/// A cursor that is open in a transaction; closes it when the last reader lets go.
///
/// Cursors share a few names, because a statement is made of literals. A name is taken while its cursor is open.
final class OpenCursor: Sendable {
    let transaction: Transaction
    private let number: Int

    /// How many streams one transaction may read at once.
    static let countMax = 8

    init(in transaction: Transaction) throws(PostgresError) {
        guard let number = transaction.session.takeCursorName() else {
            throw PostgresError(
                .misuse, note: "\(Self.countMax) streams are open in this transaction; finish one first")
        }
        self.transaction = transaction
        self.number = number
    }

    deinit {
        close()
    }

    var name: SQL {
        switch number {
        case 0: "skald_0"
        case 1: "skald_1"
        case 2: "skald_2"
        case 3: "skald_3"
        case 4: "skald_4"
        case 5: "skald_5"
        case 6: "skald_6"
        default: "skald_7"
        }
    }

    /// Closes the cursor with whatever is sent next. Nothing is to be closed in a transaction that is over or aborted.
    func close() {
        guard transaction.session.giveBackCursorName(number, generation: transaction.generation) else { return }
        do throws(PostgresError) {
            try transaction.enqueue("CLOSE \(sql: name)")
        } catch {
            // The transaction refuses statements, and its cursors go with it.
        }
    }
}
