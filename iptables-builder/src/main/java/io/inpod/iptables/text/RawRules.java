package io.inpod.iptables.text;

import io.inpod.iptables.RawForm;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;
import java.util.List;
import java.util.Optional;

/** Listed rules in their raw form. */
final class RawRules {
    private RawRules() {}

    /** Returns a rule with a listed text; empty if the text can't be given again, for example because it isn't Unicode. */
    static Optional<Rule> of(RawForm form, String text) {
        try {
            return Optional.of(new Rule(List.of(), new Target.Raw(form, text)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
