extension OutboundMethod {
    /// Checks what the C encoder would refuse without a name, or for names in tables cut short without a word.
    ///
    /// - Throws: `invalidArgument`, naming the part.
    func checkLimits() throws(AMQPError) {
        switch self {
        case .connectionStartOK(let properties, _, _):
            try properties.checkNames("the name of a client property")
        case .connectionOpen(let virtualHost):
            try ShortString.check(virtualHost, "the virtual host's name")
        case .exchangeDeclare(let name, let type, _, _, _, _, let arguments):
            try ShortString.check(name, "the exchange's name")
            try ShortString.check(type, "the exchange's type")
            try arguments.checkNames("the name of an argument")
        case .exchangeDelete(let name, _):
            try ShortString.check(name, "the exchange's name")
        case .exchangeBind(let destination, let source, let routingKey, let arguments):
            try ShortString.check(destination, "the bound exchange's name")
            try Self.checkBinding(source, routingKey, arguments)
        case .queueBind(let queue, let exchange, let routingKey, let arguments),
            .queueUnbind(let queue, let exchange, let routingKey, let arguments):
            try ShortString.check(queue, "the queue's name")
            try Self.checkBinding(exchange, routingKey, arguments)
        case .queueDeclare(let name, _, _, _, _, let arguments):
            try ShortString.check(name, "the queue's name")
            try arguments.checkNames("the name of an argument")
        case .queuePurge(let name), .queueDelete(let name, _, _):
            try ShortString.check(name, "the queue's name")
        case .basicConsume(let queue, let tag, _, let arguments):
            try ShortString.check(queue, "the queue's name")
            try ShortString.check(tag, "the consumer's tag")
            try arguments.checkNames("the name of an argument")
        case .connectionTuneOK, .connectionClose, .connectionCloseOK, .channelOpen, .channelClose, .channelCloseOK,
            .channelFlowOK, .basicQos, .basicCancel, .basicAck, .basicNack, .basicReject, .confirmSelect:
            break
        }
    }

    private static func checkBinding(
        _ exchange: String, _ routingKey: String, _ arguments: FieldTable
    ) throws(AMQPError) {
        try ShortString.check(exchange, "the exchange's name")
        try ShortString.check(routingKey, "the binding's routing key")
        try arguments.checkNames("the name of an argument")
    }
}

extension FieldTable {
    /// Names are short strings, also in tables within.
    func checkNames(_ what: String) throws(AMQPError) {
        for entry in self {
            try ShortString.check(entry.name, what)
            try entry.value.checkNames(what)
        }
    }
}

extension FieldValue {
    fileprivate func checkNames(_ what: String) throws(AMQPError) {
        switch self {
        case .table(let table): try table.checkNames(what)
        case .array(let values): for value in values { try value.checkNames(what) }
        default: break
        }
    }
}
