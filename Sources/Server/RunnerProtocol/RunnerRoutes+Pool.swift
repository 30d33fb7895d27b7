import Hummingbird
import PipelineModel
import Signing
import Store

extension RunnerRoutes {
    /// Takes a machine into the pool.
    func join(_ request: Request, with token: [UInt8]) async throws -> Response {
        let wish: RunnerProtocol.JoinRequest = try await request.body.decoded(upTo: RunnerProtocol.requestLimit)
        guard RunnerProtocol.JoinRequest.isName(wish.name) else {
            throw RunnerRefusal(
                .refused, "a runner's name is up to 63 letters, digits and -._, and begins with a letter or digit")
        }
        guard let inventory = wish.inventory.inventory, (1...1_024).contains(wish.slots),
            RunnerProtocol.isPrintable(wish.version)
        else {
            throw RunnerRefusal(.refused, "the inventory, the slots or the version are none that a runner can have")
        }
        let credential = try RunnerSecret.credential.make()
        let machine = JoiningRunner(
            name: wish.name, slots: wish.slots,
            request: ClaimRequest(inventory: inventory, version: String(wish.version.prefix(64))),
            credentialHash: try RunnerSecret.storedHash(of: credential))
        let joined: StoredRunner
        do {
            joined = try await store.join(machine, with: token, now: now())
        } catch let error as StoreError where error.code == .refused {
            throw RunnerRefusal(.refused, status: 409, error.message)
        }
        return try .json(
            RunnerProtocol.JoinAnswer(
                runner: joined.id, name: joined.name, credential: Redacted(credential), tags: joined.offer.tags,
                slots: joined.offer.slots, ephemeral: joined.isEphemeral))
    }

    /// Gives the runner a new credential; the one it has shown stays good until the new one was.
    func rotateCredential(_ call: RunnerRequest) async throws -> Response {
        let credential = try RunnerSecret.credential.make()
        try await store.rotateCredential(
            of: call.runner.id, to: try RunnerSecret.storedHash(of: credential), shown: call.shown, now: now())
        return try .json(RunnerProtocol.CredentialAnswer(credential: Redacted(credential)))
    }

    /// Hands out a job as soon as there is one, or says after a while that there is none.
    func claim(_ call: RunnerRequest) async throws -> Response {
        let token = try RunnerSecret.attempt.make()
        let hash = try RunnerSecret.storedHash(of: token)
        let coordinator = call.coordinator
        let claim = try await call.request.body.waiting { body -> Claim? in
            let question: RunnerProtocol.ClaimQuestion = try await body.decoded(upTo: RunnerProtocol.requestLimit)
            guard var request = question.request, RunnerProtocol.isPrintable(request.version) else {
                throw RunnerRefusal(.refused, "the inventory or the version is none that a runner can have")
            }
            request.version = String(request.version.prefix(64))
            let wait = min(max(.zero, .milliseconds(question.waitMs)), RunnerProtocol.longestWait)
            let claim = try await coordinator.claim(request, tokenHash: hash, atMost: wait)
            guard let claim, Task.isCancelled else { return claim }
            // Nobody is there to hear of it any more.
            try await withoutCancellation {
                try await coordinator.giveBack(claim.key, because: "the runner went away")
            }
            return nil
        }
        guard let claim else { return Response(status: .noContent) }
        return try .json(RunnerProtocol.ClaimAnswer(claim, token: Redacted(token)))
    }
}
