import Foundation

/// A text file of the repository.
struct TextFile: Sendable {
    /// From the root of the repository, for instance `Sources/AMQP/Channel.swift`.
    let path: String
    let text: String
    let lines: [Substring]
    /// Taken apart, when it is Swift.
    let swift: SwiftText?

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        swift = path.hasSuffix(".swift") ? SwiftText(text) : nil
    }

    var isSwift: Bool { swift != nil }
    var name: String { String(path.split(separator: "/").last ?? "") }

    /// Whether it lies in `folder`, given with a final slash.
    func isIn(_ folder: String) -> Bool { path.hasPrefix(folder) }
}

/// A place where a rule is broken, and what to do there.
struct Violation: Equatable, CustomStringConvertible {
    var path: String
    /// Counted from one; zero speaks of the whole file.
    var line = 0
    var rule: String
    var remedy: String

    var description: String { "\(path):\(line): \(rule): \(remedy)" }
}

/// The checkout these tests were built from.
enum Repository {
    static let root = String(#filePath.dropLast("/Tests/RepositoryTests/Repository.swift".count))

    private static let builtFolders: Set<String> = [".git", ".build", ".skald", "docs-build", "__pycache__"]
    private static let textEndings: Set<String> = [
        "swift", "c", "h", "md", "yaml", "yml", "json", "conf", "sql", "py", "sh", "modulemap", "txt", "feature", "env",
    ]

    /// Every text file that people wrote.
    static let files: [TextFile] = {
        var files: [TextFile] = []
        collect("", into: &files)
        return files.sorted { $0.path < $1.path }
    }()

    static let swiftFiles = files.filter(\.isSwift)

    static func file(_ path: String) -> TextFile? { files.first { $0.path == path } }

    private static func collect(_ folder: String, into files: inout [TextFile]) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        for name in names where !builtFolders.contains(name) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder) else { continue }
            if isFolder.boolValue {
                collect(path, into: &files)
            } else if isText(name), let text = try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) {
                files.append(TextFile(path: path, text: text))
            }
        }
    }

    /// Files without an ending are scripts, the Makefile and the like.
    private static func isText(_ name: String) -> Bool {
        let parts = name.split(separator: ".")
        return parts.count < 2 || textEndings.contains(String(parts[parts.count - 1])) || name.hasPrefix(".")
    }
}
