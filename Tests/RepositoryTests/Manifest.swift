import Foundation

/// What `Package.swift` says about its targets, read from its text.
///
/// Asking `swift package` would wait for the lock that the running `swift test` holds, so the manifest is kept a flat
/// table that a few lines can read.
struct Manifest {
    struct Target: Equatable {
        enum Kind: String, CaseIterable {
            case target
            case executableTarget
            case testTarget
            case systemLibrary
        }

        var kind: Kind
        var name: String
        var dependencies: [String] = []
        var path: String
        var excluded: [String] = []
    }

    var targets: [Target] = []

    init(_ text: String) {
        for kind in Target.Kind.allCases {
            for body in Self.calls(of: ".\(kind.rawValue)(", in: text) { targets.append(Self.target(kind, body)) }
        }
    }

    /// The target that owns the file at `path`, if any.
    func owner(of path: String) -> Target? {
        targets.filter { target in
            path.hasPrefix(target.path + "/")
                && !target.excluded.contains {
                    path.hasPrefix("\(target.path)/\($0)/") || path == "\(target.path)/\($0)"
                }
        }.max { $0.path.count < $1.path.count }
    }

    private static func target(_ kind: Target.Kind, _ body: String) -> Target {
        let name = strings(in: value(of: "name: ", in: body)).first ?? ""
        let folder = kind == .testTarget ? "Tests" : "Sources"
        return Target(
            kind: kind, name: name,
            dependencies: strings(in: value(of: "dependencies: ", in: body)),
            path: strings(in: value(of: "path: ", in: body)).first ?? "\(folder)/\(name)",
            excluded: strings(in: value(of: "exclude: ", in: body)))
    }

    /// What stands between the parentheses of each call.
    private static func calls(of opening: String, in text: String) -> [String] {
        text.components(separatedBy: opening).dropFirst().map { rest in
            var depth = 1
            return String(
                rest.prefix { character in
                    if character == "(" { depth += 1 }
                    if character == ")" { depth -= 1 }
                    return depth > 0
                })
        }
    }

    /// The string or the array of strings behind a label.
    private static func value(of label: String, in body: String) -> String {
        guard let start = body.firstRange(of: label)?.upperBound else { return "" }
        let rest = body[start...]
        guard rest.first == "[" else { return String(rest.prefix { $0 != "," }) }
        return String(rest.prefix { $0 != "]" })
    }

    private static func strings(in text: String) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }
}
