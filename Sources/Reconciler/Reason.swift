/// Why things are as they are: the one list of reasons that conditions, status and journal use.
public enum Reason: String, Sendable, Equatable, Codable, CaseIterable {
    /// The version is the one wanted and nothing is left to do.
    case converged = "Converged"
    /// A step is being done.
    case progressing = "Progressing"
    /// The version is the one wanted; old keys wait for their cleanup.
    case cleanupPending = "CleanupPending"
    /// A person has to approve apply.
    case applyNeedsApproval = "ApplyNeedsApproval"
    /// A person has to approve cleanup.
    case cleanupNeedsApproval = "CleanupNeedsApproval"
    /// The soak before cleanup has not passed.
    case soaking = "Soaking"
    /// The server has not saved its data recently enough for a cleanup.
    case needsSave = "NeedsSave"
    /// Keys were kept back by cleanup.
    case keysHeld = "KeysHeld"
    /// A person paused all work.
    case paused = "Paused"
    /// Another holder has the lock.
    case lockHeld = "LockHeld"
    /// Another host knows a newer schema.
    case newerSchema = "NewerSchema"
    /// Redis cannot be reached.
    case redisUnreachable = "RedisUnreachable"
    /// The server is a replica; the master is to be named, or found by the next look.
    case notMaster = "NotMaster"
    /// Slots of the cluster are on their way, or its nodes do not agree.
    case clusterUnsettled = "ClusterUnsettled"
    /// Replicas have not yet what their master has, and old keys stay until they have.
    case replicasBehind = "ReplicasBehind"
    /// A server stayed so strained that the walk made room for it.
    case serverStrained = "ServerStrained"
    /// Redis refuses this user or one of its commands.
    case permissionDenied = "PermissionDenied"
    /// A step failed for a reason that can pass.
    case retrying = "Retrying"
    /// A step failed for a reason that does not pass.
    case stepFailed = "StepFailed"
    /// The version or a state cannot be read.
    case unreadable = "Unreadable"
    /// The version is lower than the states say it was.
    case versionRegressed = "VersionRegressed"
    /// Outpost's own records contradict one another.
    case foreignRecord = "ForeignRecord"
    /// Something went backwards while this process watched.
    case dataLost = "DataLost"
    /// More old keys vanished than deletes explain.
    case sourcesDisappeared = "SourcesDisappeared"
    /// The wanted version is above the newest known.
    case targetUnknown = "TargetUnknown"
    /// The wanted version is below the current one.
    case targetBelowCurrent = "TargetBelowCurrent"
    /// A migration above the wanted version was begun.
    case targetBelowStarted = "TargetBelowStarted"
    /// Verify found conflicts that a person has to settle.
    case conflictsFound = "ConflictsFound"
    /// The server may drop keys by itself.
    case evictionPolicy = "EvictionPolicy"
}
