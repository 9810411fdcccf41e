import SagaModel

extension Diagram {
    /// The picture as a Mermaid flowchart.
    package var mermaid: String {
        // The head is YAML, where a text in JSON is a text.
        var lines = ["---", "title: \(CanonicalJSON.text(of: .string(title)))", "---", "flowchart TD"]
        for (index, node) in nodes.enumerated() {
            let text = Self.mermaidText(node.label) + "<br/>" + Self.mermaidText(node.detail)
            let (open, close) = Self.mermaidShape(node.kind)
            lines.append("    n\(index)\(open)\"\(text)\"\(close):::\(Self.mermaidClass(node))")
        }
        for edge in edges {
            guard let from = nodes.firstIndex(where: { $0.id == edge.from }),
                let to = nodes.firstIndex(where: { $0.id == edge.to })
            else { continue }
            let label = edge.label.isEmpty ? "" : "|\"\(Self.mermaidText(edge.label))\"|"
            lines.append("    n\(from) \(edge.kind == .failure ? "-.->" : "-->")\(label) n\(to)")
        }
        for (name, style) in Self.mermaidStyles { lines.append("    classDef \(name) \(style)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func mermaidShape(_ kind: Node.Kind) -> (String, String) {
        switch kind {
        case .start, .outcome: ("([", "])")
        case .pivot: ("{{", "}}")
        case .undo: ("[/", "/]")
        case .wait: (">", "]")
        case .check, .compensatable, .retriable: ("[", "]")
        }
    }

    private static func mermaidClass(_ node: Node) -> String {
        switch node.mark {
        case .plain: node.kind == .pivot ? "pivot" : "plain"
        case .inDoubt: "doubt"
        case .active, .done, .skipped, .failed, .undone, .stuck: node.mark.rawValue
        }
    }

    private static let mermaidStyles = [
        ("plain", "fill:#f6f8fa,stroke:#57606a,color:#24292f"), ("pivot", "fill:#fff8c5,stroke:#9a6700,color:#24292f"),
        ("active", "fill:#ddf4ff,stroke:#0969da,color:#24292f"), ("done", "fill:#dafbe1,stroke:#1a7f37,color:#24292f"),
        ("skipped", "fill:#ffffff,stroke:#8c959f,color:#8c959f,stroke-dasharray:4"),
        ("failed", "fill:#ffebe9,stroke:#cf222e,color:#24292f"),
        ("doubt", "fill:#fff1e5,stroke:#bc4c00,color:#24292f"),
        ("undone", "fill:#fbefff,stroke:#8250df,color:#24292f"),
        ("stuck", "fill:#cf222e,stroke:#82071e,color:#ffffff"),
    ]

    /// Mermaid reads `#…;` as an entity and a quote as the end of a text.
    private static func mermaidText(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\"": result += "#quot;"
            case "#": result += "#35;"
            case "<": result += "#lt;"
            case ">": result += "#gt;"
            case "&": result += "#amp;"
            default: result.append(character)
            }
        }
    }
}
