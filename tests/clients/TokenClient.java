// java.net.http.HttpClient with its defaults, which offers h2c to an address in clear.
// Arguments: token URL, API URL, revocation URL, client id, "form" or "json". The secret is read
// from standard input. Prints the status of each step.

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Scanner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class TokenClient {
    private static final String FORM = "application/x-www-form-urlencoded";
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws Exception {
        String secret = new Scanner(System.in).nextLine();
        String pair = arguments[3] + ":" + secret;
        String basic =
            "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        boolean json = arguments[4].equals("json");
        HttpResponse<String> granted = post(
            arguments[0],
            basic,
            json ? "application/json" : FORM,
            json ? "{\"grant_type\": \"client_credentials\"}" : "grant_type=client_credentials");
        System.out.println("token " + granted.statusCode());
        Matcher found =
            Pattern.compile("\"access_token\": *\"([^\"]+)\"").matcher(granted.body());
        if (!found.find()) {
            System.out.println(granted.body());
            return;
        }
        String token = found.group(1);
        System.out.println("api " + get(arguments[1], token));
        String form = "token=" + URLEncoder.encode(token, StandardCharsets.UTF_8);
        System.out.println("revoke " + post(arguments[2], basic, FORM, form).statusCode());
        System.out.println("api " + get(arguments[1], token));
    }

    private static int get(String url, String token) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", "Bearer " + token)
            .build();
        return CLIENT.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    }

    private static HttpResponse<String> post(String url, String basic, String type, String body)
        throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", basic)
            .header("Content-Type", type)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
        return CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
