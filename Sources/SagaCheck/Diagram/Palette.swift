/// The colours of a picture, by what happened.
enum Palette {
    static let ink = "#24292f"
    static let muted = "#57606a"
    static let paper = "#ffffff"

    static func line(_ kind: Diagram.Edge.Kind) -> String {
        switch kind {
        case .forward: ink
        case .failure: "#bc4c00"
        case .compensation: "#8250df"
        }
    }

    static func fill(_ node: Diagram.Node) -> String {
        switch node.mark {
        case .plain: node.kind == .pivot ? "#fff8c5" : "#f6f8fa"
        case .active: "#ddf4ff"
        case .done: "#dafbe1"
        case .skipped: "#ffffff"
        case .failed: "#ffebe9"
        case .inDoubt: "#fff1e5"
        case .undone: "#fbefff"
        case .stuck: "#ffc1ba"
        }
    }

    static func stroke(_ node: Diagram.Node) -> String {
        switch node.mark {
        case .plain: node.kind == .pivot ? "#9a6700" : "#57606a"
        case .active: "#0969da"
        case .done: "#1a7f37"
        case .skipped: "#8c959f"
        case .failed, .stuck: "#cf222e"
        case .inDoubt: "#bc4c00"
        case .undone: "#8250df"
        }
    }
}
