/// How many rows to fetch at once.
///
/// `FETCH` takes no parameter for its count, and a statement is made of literals, so there are a few sizes.
struct SliceSize: Equatable {
    let byteCountMax: Int
    private(set) var rowCount = 16

    private static let rowCounts = [4096, 1024, 256, 64, 16, 4, 1]

    init(byteCountMax: Int) {
        precondition(byteCountMax > 0, "a slice holds something")
        self.byteCountMax = byteCountMax
    }

    /// The count as it stands in the statement.
    var count: SQL {
        switch rowCount {
        case 4096: "4096"
        case 1024: "1024"
        case 256: "256"
        case 64: "64"
        case 16: "16"
        case 4: "4"
        default: "1"
        }
    }

    /// Learns from a slice: the next holds at most four times as many rows, and no more than fit if they are alike.
    mutating func note(rowCount fetched: Int, byteCount: Int) {
        guard fetched > 0 else { return }
        let perRow = max(1, byteCount / fetched)
        let wanted = min(byteCountMax / perRow, rowCount * 4)
        rowCount = Self.rowCounts.first { $0 <= wanted } ?? 1
    }
}
