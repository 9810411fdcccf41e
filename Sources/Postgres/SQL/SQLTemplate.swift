/// What statements of one text have in common: the key of a prepared statement.
final class SQLTemplate: Sendable {
    let fingerprint: UInt
    private let pieces: [SQLPiece]

    init(_ sql: borrowing SQL) {
        fingerprint = sql.body.fingerprint
        var pieces: [SQLPiece] = []
        for index in 0..<sql.body.pieceCount { pieces.append(sql.body[index]) }
        self.pieces = pieces
    }

    /// Whether a statement has this text and these parameter types, judged by the addresses of its literals.
    ///
    /// The same text from two places of the program counts as two statements; that costs one more preparation, no more.
    func fits(_ sql: borrowing SQL) -> Bool {
        guard fingerprint == sql.body.fingerprint, pieces.count == sql.body.pieceCount else { return false }
        for index in pieces.indices where !pieces[index].hasSameTemplate(as: sql.body[index]) { return false }
        return true
    }
}
