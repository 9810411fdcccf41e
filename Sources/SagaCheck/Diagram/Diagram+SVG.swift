extension Diagram {
    /// The picture as an SVG document, laid out without help of others.
    package var svg: String {
        let canvas = SVGCanvas(self)
        let size = "width='\(canvas.width)' height='\(canvas.height)'"
        let tip =
            "<marker id='tip' viewBox='0 0 8 8' refX='8' refY='4' markerWidth='8' markerHeight='8' "
            + "orient='auto-start-reverse'><path d='M0 0L8 4L0 8z' fill='\(Palette.muted)'/></marker>"
        var lines = [
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 \(canvas.width) \(canvas.height)' \(size) "
                + "font-family='sans-serif' font-size='13'>",
            "<title>\(SVGCanvas.text(title))</title>",
            "<defs>\(tip)</defs>",
            "<rect width='100%' height='100%' fill='\(Palette.paper)'/>",
            "<text x='20' y='28' font-size='16' font-weight='bold' fill='\(Palette.ink)'>"
                + "\(SVGCanvas.text(title))</text>",
        ]
        lines += edges.compactMap(canvas.edge)
        lines += nodes.map(canvas.node)
        lines.append("</svg>")
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Turns rows and columns into places on a page.
private struct SVGCanvas {
    private static let boxWidth = 230
    private static let boxHeight = 50
    private static let columnWidth = 310
    private static let rowHeight = 92
    private let diagram: Diagram

    init(_ diagram: Diagram) {
        self.diagram = diagram
    }

    var width: Int { ((diagram.nodes.map(\.column).max() ?? 0) + 1) * Self.columnWidth }
    var height: Int { ((diagram.nodes.map(\.row).max() ?? 0) + 1) * Self.rowHeight + 60 }

    private func left(_ node: Diagram.Node) -> Int {
        node.column * Self.columnWidth + (Self.columnWidth - Self.boxWidth) / 2
    }

    private func top(_ node: Diagram.Node) -> Int { node.row * Self.rowHeight + 56 }

    func node(_ node: Diagram.Node) -> String {
        let (left, top) = (left(node), top(node))
        let radius =
            switch node.kind {
            case .start, .outcome: Self.boxHeight / 2
            case .pivot: 0
            case .check, .compensatable, .retriable, .wait, .undo: 6
            }
        let dash = node.mark == .skipped || node.kind == .wait ? " stroke-dasharray='5 3'" : ""
        let middle = left + Self.boxWidth / 2
        let box =
            "<rect x='\(left)' y='\(top)' width='\(Self.boxWidth)' height='\(Self.boxHeight)' rx='\(radius)' "
            + "fill='\(Palette.fill(node))' stroke='\(Palette.stroke(node))' "
            + "stroke-width='\(node.kind == .pivot ? 3 : 1)'\(dash)/>"
        let label =
            "<text x='\(middle)' y='\(top + 21)' text-anchor='middle' font-weight='bold' fill='\(Palette.ink)'>"
            + "\(Self.text(node.label, countMax: 32))</text>"
        let detail =
            "<text x='\(middle)' y='\(top + 39)' text-anchor='middle' font-size='11' fill='\(Palette.muted)'>"
            + "\(Self.text(node.detail, countMax: 40))</text>"
        return "<g>\(box)\(label)\(detail)</g>"
    }

    func edge(_ edge: Diagram.Edge) -> String? {
        guard let from = diagram.node(edge.from), let to = diagram.node(edge.to) else { return nil }
        let color = Palette.line(edge.kind)
        let dash = edge.kind == .failure ? " stroke-dasharray='5 3'" : ""
        let (path, labelX, labelY) = route(from, to)
        let line = "<path d='\(path)' fill='none' stroke='\(color)'\(dash) marker-end='url(#tip)'/>"
        guard !edge.label.isEmpty else { return line }
        return line + "<text x='\(labelX)' y='\(labelY)' font-size='10' fill='\(color)'>\(Self.text(edge.label))</text>"
    }

    /// The line between two boxes, and where its label stands.
    private func route(_ from: Diagram.Node, _ to: Diagram.Node) -> (path: String, labelX: Int, labelY: Int) {
        let (fromMiddle, toMiddle) = (left(from) + Self.boxWidth / 2, left(to) + Self.boxWidth / 2)
        if from.column == to.column && abs(from.row - to.row) > 1 {
            // Past the boxes between, along the right side.
            let side = left(from) + Self.boxWidth
            let (start, end) = (top(from) + Self.boxHeight / 2, top(to) + Self.boxHeight / 2)
            return ("M\(side) \(start)H\(side + 18)V\(end)H\(side)", side + 22, (start + end) / 2)
        }
        if from.row == to.row {
            let isRight = to.column > from.column
            let start = left(from) + (isRight ? Self.boxWidth : 0)
            let end = left(to) + (isRight ? 0 : Self.boxWidth)
            let height = top(from) + Self.boxHeight / 2
            return ("M\(start) \(height)H\(end)", min(start, end) + 14, height - 5)
        }
        let isDown = to.row > from.row
        let start = isDown ? top(from) + Self.boxHeight : top(from)
        let end = isDown ? top(to) : top(to) + Self.boxHeight
        return ("M\(fromMiddle) \(start)L\(toMiddle) \(end)", (fromMiddle + toMiddle) / 2 + 6, (start + end) / 2)
    }

    static func text(_ text: String, countMax: Int = .max) -> String {
        let shortened = text.count > countMax ? text.prefix(countMax - 1) + "…" : text[...]
        return shortened.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&apos;"
            default: result.append(character)
            }
        }
    }
}
