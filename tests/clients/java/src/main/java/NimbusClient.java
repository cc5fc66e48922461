import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.oauth2.sdk.AccessTokenResponse;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.JWTAuthenticationClaimsSet;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.dpop.DefaultDPoPProofFactory;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.Audience;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;

/** Nimbus OAuth 2.0 SDK: a signed assertion and DPoP, as its documentation shows them. */
final class NimbusClient {
    public static void main(String[] arguments) throws Exception {
        BufferedReader given = new BufferedReader(new InputStreamReader(System.in));
        String issuer = given.readLine();
        URI tokenUrl = URI.create(given.readLine());
        ClientID clientId = new ClientID(given.readLine());
        URI apiUrl = URI.create(given.readLine());
        ECKey key = ECKey.parse(given.readLine());
        DefaultDPoPProofFactory proofs =
                new DefaultDPoPProofFactory(
                        new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);

        PrivateKeyJWT assertion =
                new PrivateKeyJWT(
                        new JWTAuthenticationClaimsSet(clientId, new Audience(issuer)),
                        JWSAlgorithm.ES256,
                        key.toECPrivateKey(),
                        key.getKeyID(),
                        null);
        HTTPRequest request =
                new TokenRequest.Builder(tokenUrl, assertion, new ClientCredentialsGrant())
                        .scope(new Scope("read"))
                        .build()
                        .toHTTPRequest();
        request.setDPoP(proofs.createDPoPJWT("POST", tokenUrl));
        TokenResponse answer = TokenResponse.parse(request.send());
        if (!answer.indicatesSuccess()) {
            throw new IllegalStateException(answer.toErrorResponse().getErrorObject().getCode());
        }
        AccessToken token = ((AccessTokenResponse) answer).getTokens().getAccessToken();

        HTTPRequest call = new HTTPRequest(HTTPRequest.Method.GET, apiUrl);
        call.setAuthorization(token.toAuthorizationHeader());
        call.setDPoP(proofs.createDPoPJWT("GET", apiUrl, token));
        System.out.println(token.getType() + " " + call.send().getStatusCode());
    }
}
