package io.inpod.examples.rules;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/** The result of a command of {@code ./inpod rules}. */
record RulesRun(int code, String out, String err) {
    static RulesRun of(String command, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = RulesMain.run(new PrintWriter(out, true), new PrintWriter(err, true), with(new String[] {command}, arguments));
        return new RulesRun(code, out.toString(), err.toString());
    }

    static String[] with(String[] arguments, String... more) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
