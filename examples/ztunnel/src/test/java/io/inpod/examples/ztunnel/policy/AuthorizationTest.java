package io.inpod.examples.ztunnel.policy;

import static io.inpod.examples.ztunnel.policy.Sample.all;
import static io.inpod.examples.ztunnel.policy.Sample.allow;
import static io.inpod.examples.ztunnel.policy.Sample.attempt;
import static io.inpod.examples.ztunnel.policy.Sample.CLIENT;
import static io.inpod.examples.ztunnel.policy.Sample.deny;
import static io.inpod.examples.ztunnel.policy.Sample.dryRun;
import static io.inpod.examples.ztunnel.policy.Sample.match;
import static io.inpod.examples.ztunnel.policy.Sample.mesh;
import static io.inpod.examples.ztunnel.policy.Sample.policy;
import static io.inpod.examples.ztunnel.policy.Sample.rule;
import static io.inpod.examples.ztunnel.policy.Sample.unreadable;
import static io.inpod.examples.ztunnel.policy.Sample.workload;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Action;
import io.inpod.examples.ztunnel.mesh.Policy.Clause;
import io.inpod.examples.ztunnel.mesh.Policy.Match;
import io.inpod.examples.ztunnel.mesh.Policy.Rule;
import io.inpod.examples.ztunnel.mesh.Policy.Scope;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.policy.Verdict.Basis;
import io.inpod.hbone.identity.SpiffeId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A method for each row of the table of decisions. */
class AuthorizationTest {
    private static final String NONE_ALLOWED = "allow policies exist, but none allowed";

    private static Verdict decide(Policy... policies) {
        return Authorization.decide(mesh(policies), workload(), attempt(CLIENT), Trace.NONE);
    }

    private static boolean denies(Attempt attempt, String... pairs) {
        return !Authorization.decide(mesh(deny(rule(match(pairs)))), workload(), attempt, Trace.NONE).allowed();
    }

    private static boolean allows(Attempt attempt, String... pairs) {
        return Authorization.decide(mesh(allow(rule(match(pairs)))), workload(), attempt, Trace.NONE).allowed();
    }

    /** Whether a match is met, which must be the same for both actions. */
    private static boolean matches(String... pairs) {
        return matches(attempt(CLIENT), pairs);
    }

    private static boolean matches(Attempt attempt, String... pairs) {
        assertThat(denies(attempt, pairs)).isEqualTo(allows(attempt, pairs));
        return allows(attempt, pairs);
    }

    // The order.

    @Test
    void withoutPoliciesEverythingIsAllowed() {
        assertThat(decide()).isEqualTo(new Verdict(Basis.ALLOWED, "no policy denies it, and no ALLOW policies exist", null));
    }

    @Test
    void aDenyPolicyThatMatchesDenies() {
        assertThat(decide(deny(all()))).isEqualTo(new Verdict(Basis.EXPLICITLY_DENIED, "explicitly denied by: shop/deny", null));
    }

    @Test
    void aDenyPolicyThatDoesNotMatchAllows() {
        assertThat(decide(deny(rule(match("namespaces", "other")))).allowed()).isTrue();
    }

    @Test
    void aDenyPolicyCountsBeforeAnAllowPolicy() {
        assertThat(decide(allow(all()), deny(all())).reason()).isEqualTo("explicitly denied by: shop/deny");
    }

    @Test
    void anAllowPolicyThatMatchesAllows() {
        assertThat(decide(allow(all()))).isEqualTo(new Verdict(Basis.ALLOWED, "allowed by: shop/allow", null));
    }

    @Test
    void withAllowPoliciesOneMustMatch() {
        assertThat(decide(allow(rule(match("namespaces", "other"))))).isEqualTo(new Verdict(Basis.NOT_ALLOWED, NONE_ALLOWED, null));
    }

    @Test
    void ofSeveralAllowPoliciesOneIsEnough() {
        assertThat(decide(allow(rule(match("namespaces", "other"))), policy("shop/second", Scope.NAMESPACE, Action.ALLOW, all())).reason())
                .isEqualTo("allowed by: shop/second");
    }

    @Test
    void ofSeveralDenyPoliciesTheFirstByNameIsBlamed() {
        Policy[] both = {policy("shop/b", Scope.NAMESPACE, Action.DENY, all()), policy("shop/a", Scope.GLOBAL, Action.DENY, all())};
        assertThat(decide(both).reason()).isEqualTo("explicitly denied by: shop/a");
    }

    // Scopes.

    @Test
    void aGlobalPolicyConcernsAll() {
        assertThat(decide(policy("root/p", Scope.GLOBAL, Action.DENY, all())).allowed()).isFalse();
    }

    @Test
    void aPolicyOfAnotherNamespaceDoesNotConcernIt() {
        assertThat(decide(policy("other/p", Scope.NAMESPACE, Action.DENY, all())).allowed()).isTrue();
    }

    @Test
    void aPolicyWithASelectorConcernsOnlyThoseThatNameIt() {
        Policy policy = policy("shop/p", Scope.WORKLOAD_SELECTOR, Action.DENY, all());
        assertThat(decide(policy).allowed()).isTrue();
        assertThat(Authorization.decide(mesh(policy), workload("shop/p"), attempt(CLIENT), Trace.NONE).allowed()).isFalse();
    }

    @Test
    void aPolicyThatIsNamedConcernsItFromAnotherNamespace() {
        Policy policy = policy("other/p", Scope.NAMESPACE, Action.DENY, all());
        assertThat(Authorization.decide(mesh(policy), workload("other/p"), attempt(CLIENT), Trace.NONE).allowed()).isFalse();
    }

    // What empty lists mean.

    @Test
    void aPolicyWithoutRulesNeverMatches() {
        assertThat(decide(deny()).allowed()).isTrue();
        assertThat(decide(allow()).reason()).isEqualTo(NONE_ALLOWED);
    }

    @Test
    void aRuleWithoutClausesMatches() {
        assertThat(decide(deny(new Rule(List.of()))).allowed()).isFalse();
    }

    @Test
    void aClauseWithoutMatchesMatches() {
        assertThat(decide(deny(new Rule(List.of(new Clause(List.of()))))).allowed()).isFalse();
    }

    @Test
    void aMatchInWhichNothingIsGivenDoesNotMatch() {
        assertThat(decide(deny(rule(Match.EMPTY))).allowed()).isTrue();
        assertThat(decide(allow(rule(Match.EMPTY))).allowed()).isFalse();
    }

    // How they are combined.

    @Test
    void oneRuleIsEnough() {
        assertThat(decide(deny(rule(match("namespaces", "other")), all())).allowed()).isFalse();
    }

    @Test
    void allClausesMustMatch() {
        Match isSo = match("namespaces", "team");
        Match isNotSo = match("destinationPorts", "1");
        assertThat(decide(deny(rule(isSo, isSo))).allowed()).isFalse();
        assertThat(decide(deny(rule(isSo, isNotSo))).allowed()).isTrue();
    }

    @Test
    void oneMatchOfAClauseIsEnough() {
        Clause clause = new Clause(List.of(match("namespaces", "other"), match("namespaces", "team")));
        assertThat(decide(deny(new Rule(List.of(clause)))).allowed()).isFalse();
    }

    @Test
    void allKindsOfAMatchMustMatch() {
        assertThat(matches("namespaces", "team", "destinationPorts", "8080")).isTrue();
        assertThat(matches("namespaces", "team", "destinationPorts", "1")).isFalse();
    }

    @Test
    void oneValueOfAKindIsEnough() {
        assertThat(matches("namespaces", "other team")).isTrue();
    }

    @Test
    void noneOfTheNegativeValuesMayMatch() {
        assertThat(matches("notNamespaces", "other another")).isTrue();
        assertThat(matches("notNamespaces", "other team")).isFalse();
    }

    @Test
    void aNegativeValueIsAnExceptionFromAPositiveOne() {
        assertThat(matches("namespaces", "t*", "notNamespaces", "team")).isFalse();
        assertThat(matches("namespaces", "t*", "notNamespaces", "test")).isTrue();
    }

    // The kinds.

    @Test
    void namespacesAreThoseOfTheClient() {
        assertThat(matches("namespaces", "team")).isTrue();
        assertThat(matches("namespaces", "shop")).isFalse();
        assertThat(matches("notNamespaces", "team")).isFalse();
    }

    @Test
    void principalsAreIdentitiesWithoutTheirScheme() {
        assertThat(matches("principals", "cluster.local/ns/team/sa/web")).isTrue();
        assertThat(matches("principals", "other.local/ns/team/sa/web")).isFalse();
        assertThat(matches("notPrincipals", "cluster.local/ns/team/sa/web")).isFalse();
    }

    @Test
    void serviceAccountsHaveAnyTrustDomain() {
        assertThat(matches("serviceAccounts", "team/web")).isTrue();
        assertThat(matches(attempt(new SpiffeId("other.local", "team", "web")), "serviceAccounts", "team/web")).isTrue();
        assertThat(matches("serviceAccounts", "shop/web team/db")).isFalse();
        assertThat(matches("notServiceAccounts", "team/web")).isFalse();
        assertThat(matches("notServiceAccounts", "team/db")).isTrue();
    }

    @Test
    void destinationPortsAreThoseOfTheApp() {
        assertThat(matches("destinationPorts", "80 8080")).isTrue();
        assertThat(matches("destinationPorts", "80")).isFalse();
        assertThat(matches("notDestinationPorts", "8080")).isFalse();
        assertThat(matches("notDestinationPorts", "80")).isTrue();
    }

    @Test
    void sourceIpsAreBlocksOfIpv4() {
        assertThat(matches("sourceIps", "10.0.0.0/31")).isTrue();
        assertThat(matches("sourceIps", "10.0.0.2/31")).isFalse();
        assertThat(matches("sourceIps", "10.0.0.1/32")).isTrue();
        assertThat(matches("sourceIps", "0.0.0.0/0")).isTrue();
        assertThat(matches("notSourceIps", "10.0.0.0/8")).isFalse();
        assertThat(matches("notSourceIps", "10.1.0.0/16")).isTrue();
    }

    @Test
    void sourceIpsAreBlocksOfIpv6() {
        Attempt attempt = attempt("fd00:1::1", "fd00:2::1");
        assertThat(matches(attempt, "sourceIps", "fd00:1::/32")).isTrue();
        assertThat(matches(attempt, "sourceIps", "fd00:2::/32")).isFalse();
        assertThat(matches(attempt, "sourceIps", "fd00:1::/127")).isTrue();
        assertThat(matches(attempt, "sourceIps", "::/0")).isTrue();
        assertThat(matches(attempt, "notSourceIps", "fd00::/16")).isFalse();
    }

    @Test
    void aBlockHasNoAddressesOfTheOtherFamily() {
        assertThat(matches("sourceIps", "::/0")).isFalse();
        assertThat(matches(attempt("fd00::1", "fd00::2"), "sourceIps", "0.0.0.0/0")).isFalse();
    }

    @Test
    void destinationIpsAreThoseOfTheWorkload() {
        assertThat(matches("destinationIps", "10.0.0.2/32")).isTrue();
        assertThat(matches("destinationIps", "10.0.0.1/32")).isFalse();
        assertThat(matches("notDestinationIps", "10.0.0.2/32")).isFalse();
        assertThat(matches(attempt("fd00:1::1", "fd00:2::1"), "destinationIps", "fd00:2::1/128")).isTrue();
    }

    // How texts are compared.

    @Test
    void anExactTextIsTheSame() {
        assertThat(matches("namespaces", "team")).isTrue();
        assertThat(matches("namespaces", "tea")).isFalse();
        assertThat(matches("namespaces", "Team")).isFalse();
    }

    @Test
    void aPrefixIsTheBeginning() {
        assertThat(matches("namespaces", "te*")).isTrue();
        assertThat(matches("namespaces", "ea*")).isFalse();
        assertThat(matches("notPrincipals", "cluster.local/ns/team/*")).isFalse();
    }

    @Test
    void aSuffixIsTheEnd() {
        assertThat(matches("namespaces", "*am")).isTrue();
        assertThat(matches("namespaces", "*ea")).isFalse();
        assertThat(matches("notPrincipals", "*/sa/web")).isFalse();
    }

    @Test
    void presenceIsAnyText() {
        assertThat(matches("namespaces", "*")).isTrue();
        assertThat(matches("principals", "*")).isTrue();
        assertThat(matches("notPrincipals", "*")).isFalse();
    }

    // Clients without identity.

    private static final List<String> OF_IDENTITY = List.of("namespaces", "principals", "serviceAccounts");

    private static String negative(String kind) {
        return "not" + kind.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + kind.substring(1);
    }

    @Test
    void withoutIdentityAPositiveValueIsNotMet() {
        for (String kind : OF_IDENTITY) {
            assertThat(matches(attempt(null), kind, "team/web")).as(kind).isFalse();
        }
        assertThat(matches(attempt(null), "principals", "*")).isFalse();
    }

    @Test
    void withoutIdentityADenyPolicyWithANegativeValueDenies() {
        for (String kind : OF_IDENTITY) {
            assertThat(denies(attempt(null), negative(kind), "team/web")).as(kind).isTrue();
        }
    }

    @Test
    void withoutIdentityAnAllowPolicyWithANegativeValueDoesNotAllow() {
        for (String kind : OF_IDENTITY) {
            assertThat(allows(attempt(null), negative(kind), "team/web")).as(kind).isFalse();
        }
    }

    @Test
    void withoutIdentityOtherKindsCount() {
        assertThat(matches(attempt(null), "destinationPorts", "8080", "notSourceIps", "10.1.0.0/16")).isTrue();
    }

    @Test
    void anIdentityOfAnotherFormHasAPrincipalButNoNamespaceAndNoAccount() {
        Attempt other = attempt(new SpiffeId("cluster.local", "/team/web"));
        assertThat(matches(other, "principals", "cluster.local/team/web")).isTrue();
        assertThat(matches(other, "namespaces", "*")).isFalse();
        assertThat(denies(other, "notNamespaces", "team")).isTrue();
        assertThat(allows(other, "notNamespaces", "team")).isFalse();
        assertThat(allows(other, "notServiceAccounts", "team/web")).isFalse();
    }

    // What can't be decided is denied.

    @Test
    void aPolicyThatIsNotKnownYetDenies() {
        assertThat(Authorization.decide(mesh(allow(all())), workload("shop/later"), attempt(CLIENT), Trace.NONE))
                .isEqualTo(new Verdict(Basis.POLICY_UNKNOWN, "policy shop/later isn't known yet", null));
    }

    @Test
    void aWorkloadThatTheMeshDoesNotKnowIsDeniedEverything() {
        Policies unknown = Policies.unknown("nobody knows it");
        assertThat(unknown.decide(attempt(CLIENT), Trace.NONE)).isEqualTo(new Verdict(Basis.WORKLOAD_UNKNOWN, "nobody knows it", null));
        assertThat(unknown.in(mesh(), workload()).decide(attempt(CLIENT), Trace.NONE).allowed()).isTrue();
    }

    @Test
    void aPolicyThatCanNotBeUnderstoodDeniesWhomItConcerns() {
        Policy policy = unreadable(allow(all()), "rules[0] has a key tlsVersion");
        assertThat(decide(policy)).isEqualTo(new Verdict(
                Basis.POLICY_UNREADABLE, "policy shop/allow can't be understood: rules[0] has a key tlsVersion", null));
        assertThat(decide(unreadable(policy("other/p", Scope.NAMESPACE, Action.ALLOW), "?")).allowed()).isTrue();
    }

    @Test
    void aPolicyThatIsOnlyTriedDeniesNothingIfItCanNotBeUnderstood() {
        assertThat(decide(dryRun(unreadable(deny(all()), "?"))).allowed()).isTrue();
    }

    @Test
    void aPrincipalWithItsSchemeAllowsNobody() {
        assertThat(allows(attempt(CLIENT), "principals", CLIENT.toString())).isFalse();
    }

    @Test
    void aPrincipalWithItsSchemeThatShouldDenyCanNotBeUnderstood() {
        assertThat(decide(deny(rule(match("principals", "spiffe://cluster.local/ns/x/sa/y")))).reason())
                .isEqualTo("policy shop/deny can't be understood: "
                        + "the principal spiffe://cluster.local/ns/x/sa/y would never match: write it without spiffe://");
        assertThat(decide(allow(rule(match("notPrincipals", "spiffe://cluster.local/*")))).basis()).isEqualTo(Basis.POLICY_UNREADABLE);
    }

    // Policies that are only tried.

    @Test
    void aDryRunOfADenyPolicySaysWhatItWouldDeny() {
        assertThat(decide(dryRun(deny(all())))).isEqualTo(
                new Verdict(Basis.ALLOWED, "no policy denies it, and no ALLOW policies exist", "explicitly denied by: shop/deny"));
    }

    @Test
    void aDryRunOfAnAllowPolicySaysThatItWouldDenyAllElse() {
        assertThat(decide(dryRun(allow(rule(match("namespaces", "other")))))).isEqualTo(
                new Verdict(Basis.ALLOWED, "no policy denies it, and no ALLOW policies exist", NONE_ALLOWED));
    }

    @Test
    void aDryRunOfAnAllowPolicySaysWhatItWouldAllow() {
        Policy enforced = policy("shop/only", Scope.NAMESPACE, Action.ALLOW, rule(match("namespaces", "other")));
        assertThat(decide(enforced, dryRun(allow(all()))))
                .isEqualTo(new Verdict(Basis.NOT_ALLOWED, NONE_ALLOWED, "allowed by: shop/allow"));
    }

    @Test
    void aDryRunThatWouldChangeNothingSaysNothing() {
        assertThat(decide(dryRun(allow(all()))).dryRun()).isNull();
        assertThat(decide(dryRun(deny(rule(match("namespaces", "other"))))).dryRun()).isNull();
        assertThat(decide(policy("shop/a", Scope.NAMESPACE, Action.DENY, all()), dryRun(deny(all()))).dryRun()).isNull();
    }

    // What is kept for a pod.

    @Test
    void whatConcernsOthersChangesNothing() {
        Mesh before = mesh(allow(all()), policy("shop/selected", Scope.WORKLOAD_SELECTOR, Action.DENY));
        Policies policies = Policies.of(before, workload("shop/selected"));
        Mesh after = before.change().put(policy("other/p", Scope.NAMESPACE, Action.DENY, all()))
                .put(policy("shop/unselected", Scope.WORKLOAD_SELECTOR, Action.DENY, all())).put(allow(all())).build();
        assertThat(policies.in(after, workload("shop/selected"))).isSameAs(policies);
    }

    @Test
    void whatConcernsTheWorkloadCountsAtOnce() {
        Mesh before = mesh(allow(all()), policy("shop/selected", Scope.WORKLOAD_SELECTOR, Action.DENY, all()));
        Policies policies = Policies.of(before, workload());
        assertThat(policies.decide(attempt(CLIENT), Trace.NONE).allowed()).isTrue();

        Policies labelled = policies.in(before, workload("shop/selected"));
        assertThat(labelled.decide(attempt(CLIENT), Trace.NONE).allowed()).isFalse();
        Policies gone = labelled.in(before.change().removePolicy("shop/selected").build(), workload("shop/selected"));
        assertThat(gone.decide(attempt(CLIENT), Trace.NONE).basis()).isEqualTo(Basis.POLICY_UNKNOWN);
    }

    // What is told.

    @Test
    void eachPolicyIsTraced() {
        List<String> steps = new ArrayList<>();
        Mesh mesh = mesh(policy("shop/a", Scope.NAMESPACE, Action.DENY, rule(match("namespaces", "other", "destinationPorts", "8080"))),
                policy("shop/b", Scope.NAMESPACE, Action.DENY),
                policy("shop/c", Scope.NAMESPACE, Action.ALLOW, rule(match("notSourceIps", "10.0.0.0/8")), all()),
                dryRun(policy("shop/d", Scope.NAMESPACE, Action.DENY, all())));
        Authorization.decide(mesh, workload(), attempt(null), text -> steps.add(text.get()));
        assertThat(steps).containsExactly(
                "DENY policy shop/a: rule 1 doesn't match, as its clause 1 doesn't: namespaces [other] of an unknown client",
                "DENY policy shop/a: no rule matches",
                "DENY policy shop/b has no rules, so it never matches",
                "ALLOW policy shop/c: rule 1 doesn't match, as its clause 1 doesn't: notSourceIps [10.0.0.0/8]: 10.0.0.1",
                "ALLOW policy shop/c: rule 2 matches",
                "dry run of DENY policy shop/d: rule 1 matches",
                "allowed by: shop/c");
    }
}
