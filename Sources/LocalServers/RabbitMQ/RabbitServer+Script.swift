extension RabbitServer {
    /// A shell script that runs `rabbitmqctl` against this broker, for people and for tools in other processes.
    package var controlScript: String {
        let command = RabbitInstallation.tool("rabbitmqctl", [], for: self)
        let settings = command.launch.environment.sorted { $0.key < $1.key }.map {
            "\($0.key)=\(Self.quoted($0.value))"
        }
        let words = command.launch.arguments.map(Self.quoted)
        return """
            #!/bin/sh
            # Runs rabbitmqctl against the private broker of this folder.
            exec env -i \(settings.joined(separator: " ")) \(words.joined(separator: " ")) "$@"

            """
    }

    /// A word that the shell takes as it is.
    private static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
