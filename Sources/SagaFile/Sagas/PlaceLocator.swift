/// Finds the place in the file that the model speaks of by its path, such as `steps`, `create-ticket`, `undo`.
struct PlaceLocator {
    private let root: Node

    init(_ root: Node) {
        self.root = root
    }

    /// Returns the innermost node that the path leads to, and its text: the word there, or the key before it.
    func place(of path: [String]) -> (mark: Mark, text: String) {
        var node = root
        var found: (mark: Mark, text: String) = (root.mark, "")
        for name in path {
            if let entry = entry(name, in: node) {
                node = entry.value
                found = (entry.mark, name)
            } else if let item = item(name, in: node) {
                node = item
                found = (item.mark, name)
            } else {
                break
            }
            if case .scalar(let text, _) = node.content { found = (node.mark, text) }
        }
        return found
    }

    private func entry(_ key: String, in node: Node) -> (mark: Mark, value: Node)? {
        guard case .mapping(let entries) = node.content else { return nil }
        return entries.first { $0.key.value == key }.map { ($0.key.mark, $0.value) }
    }

    /// Finds a step by its id, in groups too, or a word of a list.
    private func item(_ name: String, in node: Node) -> Node? {
        switch node.content {
        case .list(let items):
            for item in items {
                if case .scalar(name, _) = item.content { return item }
                if case .scalar(name, _)? = item["id"]?.content { return item }
                if let branches = item["parallel"]?["branches"], let found = self.item(name, in: branches) {
                    return found
                }
                if case .list = item.content, let found = self.item(name, in: item) { return found }
            }
            return nil
        case .mapping, .scalar: return nil
        }
    }
}
