import LocalServers
import Testing

@Suite struct RabbitServerTests {
    @Test func lendsAVirtualHostAndTakesItBack() async throws {
        let server = try await SharedServers.rabbit()
        let name = try await server.withVirtualHost { name in
            let hosts = try await server.ctl(["list_vhosts", "--silent"])
            #expect(hosts.split(separator: "\n").contains(Substring(name)))
            return name
        }
        #expect(try await server.ctl(["list_vhosts", "--silent"]).contains(name) == false)
    }

    @Test func manySuitesShareOneStart() async throws {
        let nodes = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await SharedServers.rabbit().nodeName } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(nodes.count == 1)
    }

    @Test func makesUsersWithRights() async throws {
        let server = try await SharedServers.rabbit()
        try await server.withVirtualHost { name in
            try await server.addUser("kitchen '\"", password: "p\\q", tags: ["monitoring"])
            try await server.setPermissions("kitchen '\"", in: name, configure: "^$", write: "^a", read: "^b")
            let answer = try await server.ctl(["authenticate_user", "kitchen '\"", "p\\q"])
            #expect(answer.contains("Success"))
            let rights = try await server.ctl(["list_user_permissions", "kitchen '\"", "--silent"])
            #expect(rights.contains("\(name)\t^$\t^a\t^b"))
            try await server.deleteUser("kitchen '\"")
        }
    }

    @Test func aBadExpressionIsAnErrorThatNamesIt() async throws {
        let server = try await SharedServers.rabbit()
        let error = await #expect(throws: LocalServerError.self) { try await server.evaluate("no_such:thing()") }
        #expect(error?.code == .commandFailed)
        #expect(error?.description.contains("no_such") == true)
    }
}
