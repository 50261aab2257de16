import CHiredis
public func probe() -> Bool { redisReaderCreateWithFunctions(nil) != nil }
