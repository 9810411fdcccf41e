/// Rows for people: columns side by side, shortened so that a line fits the terminal.
struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: String...) {
        self.header = header
    }

    mutating func add(_ cells: String...) {
        rows.append(cells)
    }

    /// - Parameter columnCount: How many characters fit on a line.
    func text(columnCount: Int, style: Style) -> String {
        let widths = fitted(columnCount)
        let head = line(header, widths)
        return ([style.bold(head)] + rows.map { line($0, widths) }).joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).map { cell, width in
            (cell.count > width ? cell.prefix(max(0, width - 1)) + "…" : cell[...]).description.padded(to: width)
        }
        let line = padded.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    /// Takes from the widest column, again and again, until all fit; none gets narrower than eight.
    private func fitted(_ columnCount: Int) -> [Int] {
        var widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        let gaps = 2 * (widths.count - 1)
        while widths.reduce(gaps, +) > columnCount, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
            widths[widest] > 8
        {
            widths[widest] -= 1
        }
        return widths
    }
}
