import Testing

/// What is tried on a whole town: one test after the other, as every town has the same roles and databases.
@Suite(.serialized, .timeLimit(.minutes(4))) enum TownTests {}
