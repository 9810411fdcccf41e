extension Diagram {
    /// The picture in the language of Graphviz.
    package var dot: String {
        var lines = [
            "digraph saga {", "    label=\(Self.dotText(title)); labelloc=t; fontname=\"sans-serif\";",
            "    node [fontname=\"sans-serif\", style=filled, fillcolor=\"#f6f8fa\", color=\"#57606a\"];",
            "    edge [fontname=\"sans-serif\", fontsize=10];",
        ]
        for node in nodes {
            lines.append(
                "    \(Self.dotText(node.id)) [label=\(Self.dotText(node.label + "\n" + node.detail)), "
                    + "shape=\(Self.dotShape(node.kind)), fillcolor=\"\(Palette.fill(node))\", "
                    + "color=\"\(Palette.stroke(node))\"];")
        }
        for edge in edges {
            let style = edge.kind == .failure ? "dashed" : "solid"
            let color = Palette.line(edge.kind)
            lines.append(
                "    \(Self.dotText(edge.from)) -> \(Self.dotText(edge.to)) [label=\(Self.dotText(edge.label)), "
                    + "style=\(style), color=\"\(color)\", constraint=\(edge.kind == .forward)];")
        }
        for row in Set(nodes.map(\.row)).sorted() {
            let names = nodes.filter { $0.row == row }.map { Self.dotText($0.id) }
            if names.count > 1 { lines.append("    { rank=same; \(names.joined(separator: "; ")); }") }
        }
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func dotShape(_ kind: Node.Kind) -> String {
        switch kind {
        case .start, .outcome: "oval"
        case .pivot: "hexagon"
        case .undo: "parallelogram"
        case .wait: "cds"
        case .check, .compensatable, .retriable: "box"
        }
    }

    private static func dotText(_ text: String) -> String {
        let escaped = text.reduce(into: "") { result, character in
            switch character {
            case "\"", "\\": result += "\\" + String(character)
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return "\"\(escaped)\""
    }
}
