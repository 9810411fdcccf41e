/// Rules about who may know whom: pure functions over the manifest and the files.
enum LayeringRules {
    /// Imports in `file` that its room does not allow.
    static func imports(of file: TextFile, in manifest: Manifest) -> [Violation] {
        guard file.isSwift, let owner = manifest.owner(of: file.path), owner.kind != .testTarget else { return [] }
        guard let room = House.room(of: owner.name, path: owner.path) else {
            return [Violation(path: file.path, rule: "import table", remedy: "give \(owner.name) a row in House.rooms")]
        }
        return importedModules(in: file).compactMap { line, module in
            if room.mayImport.contains(module) { return nil }
            if House.systemModules.contains(module) && !(room.isPure && module != "Synchronization") { return nil }
            let allowed = room.mayImport.isEmpty ? "nothing of ours" : room.mayImport.joined(separator: ", ")
            return Violation(
                path: file.path, line: line, rule: "import table",
                remedy: "\(room.name) may not import \(module); it may import \(allowed)")
        }
    }

    /// Dependencies in the manifest that the house does not allow, and targets it does not know.
    static func dependencies(of manifest: Manifest) -> [Violation] {
        manifest.targets.flatMap { target -> [Violation] in
            if target.kind == .testTarget { return testTarget(target, in: manifest) }
            guard let room = House.room(of: target.name, path: target.path) else {
                return [violation(target, "is not in the house; give it a row in House.rooms")]
            }
            return target.dependencies.filter { !room.mayImport.contains($0) }.map {
                violation(target, "may not depend on \($0)")
            }
        }
    }

    /// A room that may import one above it, or one that is not there.
    static func table(_ rooms: [House.Room]) -> [Violation] {
        rooms.enumerated().flatMap { index, room in
            let below = rooms[..<index].map(\.name)
            return room.mayImport.filter { !below.contains($0) }.map {
                Violation(path: "House.swift", rule: "layers", remedy: "\(room.name) looks up or at nothing: \($0)")
            }
        }
    }

    /// Source files that no target compiles.
    static func deadFiles(_ files: [TextFile], in manifest: Manifest) -> [Violation] {
        let sources = files.filter { file in
            (file.isIn("Sources/") || file.isIn("Tests/"))
                && ["swift", "c", "h"].contains { file.path.hasSuffix(".\($0)") }
        }
        return sources.filter { manifest.owner(of: $0.path) == nil }.map {
            Violation(path: $0.path, rule: "dead file", remedy: "no target owns its folder: add one or remove the file")
        }
    }

    /// The modules a file imports, with the line of each.
    static func importedModules(in file: TextFile) -> [(line: Int, module: String)] {
        (file.swift?.code ?? []).enumerated().compactMap { index, line in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count else { return nil }
            let isImport = words[..<keyword].allSatisfy { word in
                word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
            }
            guard isImport else { return nil }
            // `import struct Foundation.Date` names the module behind the kind.
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "typealias", "let", "var"]
            let target = kinds.contains(words[keyword + 1]) ? words[keyword + 2] : words[keyword + 1]
            return (index + 1, String(target.prefix { $0 != "." }))
        }
    }

    private static func testTarget(_ target: Manifest.Target, in manifest: Manifest) -> [Violation] {
        if House.wideTests.contains(target.name) { return [] }
        let library = target.name.hasSuffix("Tests") ? String(target.name.dropLast("Tests".count)) : ""
        guard manifest.targets.contains(where: { $0.name == library && $0.kind != .testTarget }) else {
            return [violation(target, "tests no target; name it after the library it tests")]
        }
        return target.dependencies.contains(library) ? [] : [violation(target, "does not depend on \(library)")]
    }

    private static func violation(_ target: Manifest.Target, _ problem: String) -> Violation {
        Violation(path: "Package.swift", rule: "layers", remedy: "\(target.name) \(problem)")
    }
}
